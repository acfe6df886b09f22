/** A secret, or what asks somebody for it: only who may do what it is for is asked. */
export type Prompted<T> = T | (() => Promise<T>);

export async function promptedValue<T extends string | null>(secret: Prompted<T>): Promise<T> {
  return typeof secret === "function" ? secret() : secret;
}
