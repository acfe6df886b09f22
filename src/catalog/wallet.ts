import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pumpError, toPumpError } from "../base/errors.ts";
import { newDataKey, unwrapByPassword, unwrapByWallet, wrapByPassword, wrapByWallet } from "../format/key-stanza.ts";
import {
  decodePasswordStanza,
  decodeWalletStanza,
  encodePasswordStanza,
  encodeWalletStanza,
  type MasterKey,
} from "../format/key-stanza.ts";
import { ensurePrivateFolder } from "./private-files.ts";

export type { MasterKey } from "../format/key-stanza.ts";

/** Opens the wallet for one command, or one nightly job. */
const PASSWORD_VARIABLE = "TSDP_WALLET_PASSWORD";
const OWNER_ONLY = 0o600;

/** `wallet.json` in the home folder: master keys under a root key that is under the password. Binary values are base64. */
interface WalletFile {
  readonly version: 1;
  readonly id: string;
  /** As the password stanza of a dump file. */
  readonly root: string;
  /** Each as the wallet stanza of a dump file, under the root key; the newest is last. */
  readonly masterKeys: readonly { readonly id: string; readonly created: string; readonly wrapped: string }[];
}

/** How an open wallet stays open: in memory until the system goes down, or beside the wallet, as Oracle's auto-login wallets are. */
export type OpenUntil = "shutdown" | "closed";

/** What there is of a wallet. */
export interface WalletStatus {
  readonly exists: boolean;
  readonly isOpen: boolean;
  readonly masterKeys: number;
}

/** Makes the wallet of a database, with its first master key. @throws ORA-00955 when there is one */
export async function createWallet(home: string, password: string): Promise<void> {
  if (existsSync(walletPath(home)))
    throw pumpError([["ORA-00955"]], "The database has a wallet; `tsdp wallet rotate` adds a new key to it.");
  const id = randomBytes(16).toString("hex");
  const root = newDataKey();
  const wrapped = encodePasswordStanza(await wrapByPassword(root, id, password)).toString("base64");
  ensurePrivateFolder(home);
  write(walletPath(home), { version: 1, id, root: wrapped, masterKeys: [newMasterKey(id, root)] });
}

/**
 * Opens the wallet for the commands and jobs that follow.
 * @returns the path of the file that keeps it open
 * @throws ORA-28353 with the cause: no wallet, a wrong password, or no memory-backed folder to keep it open in
 */
export async function openWallet(home: string, password: string, until: OpenUntil): Promise<string> {
  const root = await rootKey(readWallet(home), password);
  const path = until === "closed" ? autoLoginPath(home) : sessionPath(home);
  if (path === null)
    throw pumpError(
      [["ORA-28353"], ["TSDP-00010", "there is no folder in memory ($XDG_RUNTIME_DIR) that could keep it open"]],
      `Set ${PASSWORD_VARIABLE} for each command, or keep the wallet open on disk with --auto-login.`,
    );
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A new file, so that neither the mode of an old one nor a link that somebody has laid counts.
  rmSync(path, { force: true });
  writeFileSync(path, root.toString("base64"), { mode: OWNER_ONLY, flag: "wx" });
  return path;
}

/** Forgets the open wallet. */
export function closeWallet(home: string): void {
  readWallet(home);
  for (const path of [autoLoginPath(home), sessionPath(home)]) if (path !== null) rmSync(path, { force: true });
}

/** Adds a master key: sets written from now on are under it, those written before still open. @throws ORA-28353 */
export async function rotateWallet(home: string, password: string): Promise<void> {
  const wallet = readWallet(home);
  const root = await rootKey(wallet, password);
  write(walletPath(home), { ...wallet, masterKeys: [...wallet.masterKeys, newMasterKey(wallet.id, root)] });
}

/** The master keys of the open wallet, oldest first; null when no wallet is open. @throws ORA-28353 for a wallet that is damaged */
export async function openMasterKeys(home: string): Promise<readonly MasterKey[] | null> {
  if (!existsSync(walletPath(home))) return null;
  const wallet = readWallet(home);
  const root = await openRootKey(home, wallet);
  if (root === null) return null;
  return wallet.masterKeys.map(({ id, wrapped }) => {
    const stanza = decodeWalletStanza(Buffer.from(wrapped, "base64"));
    const key = unwrapByWallet(stanza, id, [{ id: Buffer.from(wallet.id, "hex"), key: root }]);
    if (key === undefined) throw damaged();
    return { id: Buffer.from(id, "hex"), key };
  });
}

export async function walletStatus(home: string): Promise<WalletStatus> {
  if (!existsSync(walletPath(home))) return { exists: false, isOpen: false, masterKeys: 0 };
  return { exists: true, isOpen: (await openMasterKeys(home)) !== null, masterKeys: readWallet(home).masterKeys.length };
}

async function openRootKey(home: string, wallet: WalletFile): Promise<Buffer | null> {
  const password = process.env[PASSWORD_VARIABLE];
  if (password !== undefined && password !== "") return rootKey(wallet, password);
  const paths = [sessionPath(home), autoLoginPath(home)].filter((path) => path !== null && existsSync(path));
  for (const path of paths) {
    const { mode } = statSync(path ?? "");
    if ((mode & 0o077) !== 0)
      throw pumpError(
        [["ORA-28353"], ["TSDP-00010", `others may read "${path ?? ""}"`]],
        "Give it mode 0600, or close the wallet.",
      );
    const root = Buffer.from(readFileSync(path ?? "", "utf8"), "base64");
    if (root.length > 0) return root;
  }
  return null;
}

async function rootKey(wallet: WalletFile, password: string): Promise<Buffer> {
  const root = await unwrapByPassword(decodePasswordStanza(Buffer.from(wallet.root, "base64")), wallet.id, password);
  if (root === undefined) throw pumpError([["ORA-28353"]]);
  return root;
}

function newMasterKey(walletId: string, root: Buffer): WalletFile["masterKeys"][number] {
  const id = randomBytes(16).toString("hex");
  const stanza = wrapByWallet(newDataKey(), id, { id: Buffer.from(walletId, "hex"), key: root });
  return { id, created: new Date().toISOString(), wrapped: encodeWalletStanza(stanza).toString("base64") };
}

function readWallet(home: string): WalletFile {
  if (!existsSync(walletPath(home)))
    throw pumpError([["ORA-28353"], ["TSDP-00010", "the database has no wallet"]], "Make one with `tsdp wallet create`.");
  try {
    return JSON.parse(readFileSync(walletPath(home), "utf8")) as WalletFile;
  } catch (error) {
    throw pumpError([["ORA-28353"], ...toPumpError(error).lines], "The wallet is damaged; take it back from a copy.", error);
  }
}

/** Whole or not at all, also after a power cut: without its wallet no dump opens. */
function write(path: string, wallet: WalletFile): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(wallet, null, 2), { mode: OWNER_ONLY, flag: "wx", flush: true });
  renameSync(draft, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

function damaged(): Error {
  return pumpError(
    [["ORA-28353"], ["TSDP-00010", "its keys do not belong together"]],
    "The wallet is damaged; take it back from a copy.",
  );
}

function walletPath(home: string): string {
  return join(home, "wallet.json");
}

function autoLoginPath(home: string): string {
  return join(home, "wallet.open");
}

function sessionPath(home: string): string | null {
  const folder = process.env["XDG_RUNTIME_DIR"];
  if (folder === undefined || folder === "") return null;
  return join(folder, "tsdp", `wallet-${createHash("sha256").update(home).digest("hex").slice(0, 32)}`);
}
