import { printable, printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { askSecret, askTwice, passwordOfFile } from "../passwords.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";

export interface WalletOptions extends SessionOptions {
  /** File with the password. */
  readonly passwordFile?: string;
  readonly autoLogin?: boolean;
}

/** `tsdp wallet create`. */
export async function createWallet(options: WalletOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.createWallet(() => walletPassword(options, askTwice));
    output.out(
      "Wallet created. It is closed; `tsdp wallet open` opens it.",
      "Without it and its password its dumps can't be read.",
    );
  });
}

/** `tsdp wallet open`. */
export async function openWallet(options: WalletOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const path = await pump.openWallet(
      () => walletPassword(options, askSecret),
      options.autoLogin === true ? "closed" : "shutdown",
    );
    if (options.autoLogin === true)
      output.err(
        `Warning: who can read "${printable(path)}" can read the dumps of this wallet; \`tsdp wallet close\` removes it.`,
      );
    output.out(
      `Wallet open${options.autoLogin === true ? " until it is closed" : " until it is closed or the system goes down"}.`,
    );
  });
}

/** `tsdp wallet close`. */
export async function closeWallet(options: WalletOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.closeWallet();
    output.out("Wallet closed.");
  });
}

/** `tsdp wallet rotate`. */
export async function rotateWallet(options: WalletOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.rotateWallet(() => walletPassword(options, askSecret));
    output.out("Wallet has a new master key for the dumps from now on; earlier ones can still be opened.");
  });
}

/** `tsdp wallet status`. */
export async function showWallet(options: WalletOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const status = await pump.walletStatus();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.wallet/1", ...status }));
    else if (!status.exists) output.out("No wallet.");
    else output.out(`Wallet ${status.isOpen ? "open" : "closed"}, ${status.masterKeys} master key(s).`);
  });
}

/** By file, by the environment, or asked for. */
async function walletPassword({ passwordFile }: WalletOptions, ask: (question: string) => Promise<string>): Promise<string> {
  if (passwordFile !== undefined) return passwordOfFile(passwordFile);
  const fromEnvironment = process.env["TSDP_WALLET_PASSWORD"] ?? "";
  return fromEnvironment === "" ? ask("Wallet password: ") : fromEnvironment;
}
