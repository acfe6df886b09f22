import { connect, type ConnectOptions, type DataPump } from "../api/data-pump.ts";
import { userPassword } from "./passwords.ts";

/** A session of the user whom a command line names. A user with a password is asked for it when the command line holds none. */
export async function logIn(userid: string | undefined, options: ConnectOptions = {}): Promise<DataPump> {
  return connect(userid, { ...options, password: userPassword });
}
