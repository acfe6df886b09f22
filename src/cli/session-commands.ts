import type { DataPump } from "../api/data-pump.ts";

export const USERID = "connect string [user[/password]@]database (default: $TSDP_DATABASE, else the current directory)";

/** What the commands that need a session but no job have in common. */
export interface SessionOptions {
  /** Connect string; undefined: the default of the environment. */
  readonly userid?: string;
  readonly json?: boolean;
}

/** Runs work in a session of its own. */
export async function withSession(userid: string | undefined, work: (pump: DataPump) => Promise<void>): Promise<void> {
  const { logIn } = await import("./login.ts");
  const pump = await logIn(userid);
  try {
    await work(pump);
  } finally {
    await pump.close();
  }
}
