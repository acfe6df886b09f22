// A bucket in the object store that runs beside the bench, and the credential for it.
import { spawnSync } from "node:child_process";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const BUCKET = "tsdp-bench";

/** @returns the URL of a bucket, which is made unless it is there */
export async function makeBucket({ folder, tsdp }, { endpoint, key, secret }) {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: key, secretAccessKey: secret },
    forcePathStyle: true,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  // A store takes a second or two to ready itself for the first object of a bucket.
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: "first", Body: "first" }));
  client.destroy();
  const environment = { ...process.env, TSDP_CREDENTIAL_SECRET: secret };
  const made = spawnSync("bash", ["-c", `${tsdp} credential create BENCH --username ${key}`], {
    cwd: folder,
    env: environment,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(made.stderr);
  return { url: `${endpoint}/${BUCKET}` };
}
