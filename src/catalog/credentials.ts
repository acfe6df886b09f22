import { pumpError } from "../base/errors.ts";
import { CatalogFile } from "./catalog-file.ts";
import { catalogName, isPrintableName, NAME_RULE } from "./names.ts";
import { sealSecret, unsealSecret } from "./sealed-secret.ts";
import { openMasterKeys } from "./wallet.ts";

/** How to enter an object store. */
export interface Credential {
  /** Who may use it. */
  readonly owner: string;
  readonly name: string;
  /** The access key id. */
  readonly username: string;
  /** URL of the service; null: the host of the URL of the dump file. */
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Whether the wallet keeps the secret; else it is readable for who can read the catalog. */
  readonly isEncrypted: boolean;
}

/** A credential with its secret. */
export interface OpenCredential extends Credential {
  readonly secret: string;
}

export interface CredentialOptions {
  /** URL of the service. */
  readonly endpoint?: string | null;
  readonly region?: string | null;
  /** Redefine a credential that exists. */
  readonly replace?: boolean;
}

interface Row extends Omit<Credential, "isEncrypted"> {
  readonly secret: string | null;
  readonly sealedSecret: Buffer | null;
}

const COLUMNS = "owner, name, username, endpoint, region, secret, sealed_secret AS sealedSecret";

/** The credentials of a database, kept in its catalog: secrets under the wallet when it is open, else as they are. */
export class Credentials {
  readonly #home: string;
  readonly #catalog: CatalogFile;

  constructor(home: string) {
    this.#home = home;
    this.#catalog = new CatalogFile(home);
  }

  /** Those of a user, by name. */
  list(owner: string): Credential[] {
    const sql = `SELECT ${COLUMNS} FROM credential WHERE owner = ? ORDER BY name`;
    return this.#catalog.ifThere((catalog) => catalog.prepare(sql).all(owner) as Row[], []).map(described);
  }

  /**
   * CREATE_CREDENTIAL.
   * @throws ORA-39001 for what can't be a name, key, secret or URL, ORA-27477 when the name is taken and `replace` is not set
   */
  async create(
    owner: string,
    name: string,
    username: string,
    secret: string,
    { endpoint = null, region = null, replace = false }: CredentialOptions = {},
  ): Promise<Credential> {
    const wanted = catalogName(name);
    check("NAME", name, isPrintableName(wanted));
    check("USERNAME", username, isPrintableName(username));
    check("SECRET", "********", secret !== "" && !/[\p{Cc}]/u.test(secret));
    check("ENDPOINT", "********", endpoint === null || isServiceUrl(endpoint));
    check("REGION", region, region === null || /^[\w-]{1,64}$/.test(region));
    const master = (await openMasterKeys(this.#home))?.at(-1);
    const sealed = master === undefined ? null : sealSecret(secret, master, placeOf(owner, wanted));
    const sql = `INSERT OR ${replace ? "REPLACE" : "IGNORE"} INTO credential VALUES (?, ?, ?, ?, ?, ?, ?)`;
    const values = [owner, wanted, username, endpoint, region, sealed === null ? secret : null, sealed];
    this.#catalog.writeSecret((catalog) => {
      if (catalog.prepare(sql).run(values).changes === 0) throw pumpError([["ORA-27477", owner, wanted]]);
    });
    return { owner, name: wanted, username, endpoint, region, isEncrypted: sealed !== null };
  }

  /** DROP_CREDENTIAL. @throws ORA-27476 when there is none of this name */
  drop(owner: string, name: string): void {
    const wanted = this.find(owner, name);
    const sql = "DELETE FROM credential WHERE owner = ? AND name = ?";
    this.#catalog.writeSecret((catalog) => catalog.prepare(sql).run(owner, wanted.name));
  }

  /** The credential of a name. @throws ORA-27476 when there is none */
  find(owner: string, name: string): Credential {
    return described(this.#row(owner, name));
  }

  /** The same with its secret. @throws ORA-28365 when it is under the wallet and that is closed */
  async open(owner: string, name: string): Promise<OpenCredential> {
    const row = this.#row(owner, name);
    const { sealedSecret } = row;
    const place = placeOf(owner, row.name);
    const secret = sealedSecret === null ? row.secret : unsealSecret(sealedSecret, await openMasterKeys(this.#home), place);
    return { ...described(row), secret: secret ?? "" };
  }

  #row(owner: string, name: string): Row {
    const wanted = catalogName(name);
    const sql = `SELECT ${COLUMNS} FROM credential WHERE owner = ? AND name = ?`;
    const row = this.#catalog.ifThere((catalog) => catalog.prepare(sql).get(owner, wanted) as Row | undefined, undefined);
    if (row === undefined) throw pumpError([["ORA-27476", owner, wanted]]);
    return row;
  }
}

function described({ owner, name, username, endpoint, region, sealedSecret }: Row): Credential {
  return { owner, name, username, endpoint, region, isEncrypted: sealedSecret !== null };
}

function placeOf(owner: string, name: string): string {
  return JSON.stringify(["credential", owner, name]);
}

function check(parameter: string, value: string | null, isValid: boolean): void {
  if (!isValid) throw pumpError([["ORA-39001"], ["ORA-39207", value ?? "", parameter]], HINTS[parameter]);
}

const HINTS: Readonly<Record<string, string>> = {
  NAME: NAME_RULE,
  USERNAME: "The user name is the access key id of the object store: 1 to 128 printable characters.",
  SECRET: "The secret is one line of text.",
  ENDPOINT: "The endpoint is the URL of the service alone, such as https://objects.example.com.",
  REGION: "A region is one word, such as us-east-1.",
};

/** Host and perhaps a path: what else a URL may hold would be lost, or is a secret. */
function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === "");
}
