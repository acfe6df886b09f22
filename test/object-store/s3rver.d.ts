declare module "s3rver" {
  /** As much of the server as the tests use. */
  export default class S3rver {
    constructor(options: { address: string; port: number; silent: boolean; directory: string; vhostBuckets: boolean });
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
}
