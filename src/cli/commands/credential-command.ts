import { printable, printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { askSecret, secretOfFile } from "../passwords.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

/** The secret of a credential for whoever types none. */
const SECRET_VARIABLE = "TSDP_CREDENTIAL_SECRET";

export interface CredentialOptions extends SessionOptions {
  readonly username: string;
  readonly secretFile?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly replace?: boolean;
}

/** `tsdp credential create NAME --username KEY`. */
export async function createCredential(name: string, options: CredentialOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const { username, endpoint = null, region = null, replace = false } = options;
    const secret = await secretOf(options);
    const credential = await pump.createCredential(name, username, secret, { endpoint, region, replace });
    if (!credential.isEncrypted)
      output.err(
        "Warning: no wallet is open, so the secret is stored unencrypted, in a file that only its owner may read;",
        "open one (`tsdp wallet open`) and create the credential again with --replace.",
      );
    output.out(`Credential ${printable(credential.name)} created.`);
  });
}

/** `tsdp credential list`. */
export async function listCredentials(options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const credentials = await pump.credentials();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.credentials/1", credentials }));
    else
      output.out(
        ...tableLines(
          ["CREDENTIAL_NAME", "USERNAME", "ENDPOINT", "REGION", "ENCRYPTED"],
          credentials.map(({ name, username, endpoint, region, isEncrypted }) => [
            name,
            username,
            endpoint ?? "",
            region ?? "",
            isEncrypted ? "YES" : "NO",
          ]),
        ),
      );
  });
}

/** `tsdp credential drop NAME`. */
export async function dropCredential(name: string, options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.dropCredential(name);
    output.out(`Credential ${printable(name)} dropped.`);
  });
}

/** Never an argument: those are seen by everybody. */
async function secretOf({ secretFile }: CredentialOptions): Promise<string> {
  if (secretFile !== undefined) return secretOfFile(secretFile, "secret file");
  const fromEnvironment = process.env[SECRET_VARIABLE] ?? "";
  return fromEnvironment === "" ? askSecret("Secret: ", "secret") : fromEnvironment;
}
