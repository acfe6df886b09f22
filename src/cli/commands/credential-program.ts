import { Command as Program } from "commander";
import type { CredentialOptions } from "./credential-command.ts";
import type { Output } from "../output.ts";
import type { SessionOptions } from "../session-commands.ts";

/** `tsdp credential`. */
export function credentialProgram(output: Output): Program {
  const program = new Program("credential").description("credentials: how jobs enter object stores");
  const userid = ["--userid <text>", "connect string of the database; its user owns the credential"] as const;
  program
    .command("create")
    .description("store the access key of an object store")
    .argument("<name>", "name of the credential")
    .requiredOption("--username <key>", "access key id")
    .option("--secret-file <path>", "file whose first line is the secret key; else $TSDP_CREDENTIAL_SECRET, else it is asked for")
    .option("--endpoint <url>", "URL of the service; else the host of the URL of the dump file")
    .option("--region <name>", "region of the service; else $AWS_REGION, else us-east-1")
    .option("--replace", "redefine a credential that exists")
    .option(...userid)
    .action(async (name: string, options: CredentialOptions) =>
      (await import("./credential-command.ts")).createCredential(name, options, output),
    );
  program
    .command("list")
    .description("show all credentials of the user, without their secrets")
    .option("--json", "write one JSON document")
    .option(...userid)
    .action(async (options: SessionOptions) => (await import("./credential-command.ts")).listCredentials(options, output));
  program
    .command("drop")
    .description("forget a credential")
    .argument("<name>", "name of the credential")
    .option(...userid)
    .action(async (name: string, options: SessionOptions) =>
      (await import("./credential-command.ts")).dropCredential(name, options, output),
    );
  return program;
}
