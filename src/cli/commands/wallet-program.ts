import { Command as Program } from "commander";
import type { Output } from "../output.ts";
import type { WalletOptions } from "./wallet-command.ts";

/** `tsdp wallet`. */
export function walletProgram(output: Output): Program {
  const program = new Program("wallet").description("the wallet: keys that encrypt dumps without a password");
  const passwordFile = ["--password-file <path>", "file whose first line is the password; else it is asked for"] as const;
  const userid = ["--userid <text>", "connect string of the database"] as const;
  program
    .command("create")
    .description("make the wallet of the database")
    .option(...passwordFile)
    .option(...userid)
    .action(async (options: WalletOptions) => (await import("./wallet-command.ts")).createWallet(options, output));
  program
    .command("open")
    .description("open the wallet for the commands and jobs that follow")
    .option("--auto-login", "keep it open on disk until `wallet close`; else in memory until the system goes down")
    .option(...passwordFile)
    .option(...userid)
    .action(async (options: WalletOptions) => (await import("./wallet-command.ts")).openWallet(options, output));
  program
    .command("close")
    .description("close the wallet")
    .option(...userid)
    .action(async (options: WalletOptions) => (await import("./wallet-command.ts")).closeWallet(options, output));
  program
    .command("rotate")
    .description("add a master key for the dumps from now on")
    .option(...passwordFile)
    .option(...userid)
    .action(async (options: WalletOptions) => (await import("./wallet-command.ts")).rotateWallet(options, output));
  program
    .command("status")
    .description("show whether there is a wallet, and whether it is open")
    .option("--json", "write one JSON document")
    .option(...userid)
    .action(async (options: WalletOptions) => (await import("./wallet-command.ts")).showWallet(options, output));
  return program;
}
