/** Messages about users, roles, directory objects, and who may do what. */
export const PRIVILEGE_MESSAGES = {
  "ORA-00990": { text: "missing or invalid privilege" },
  "ORA-01017": {
    text: "invalid username/password; logon denied",
    hint: "Connect as a user of the database, with the password: user/password@database, TSDP_PASSWORD, or at the prompt of a terminal.",
  },
  "ORA-01031": { text: "insufficient privileges" },
  "ORA-01917": { text: "user or role '%s' does not exist", hint: "Make it with `tsdp user create` or `tsdp role create`." },
  "ORA-01918": { text: "user '%s' does not exist", hint: "`tsdp user list` shows those that exist." },
  "ORA-01919": { text: "role '%s' does not exist", hint: "`tsdp role list` shows those that exist." },
  "ORA-01920": {
    text: "user name '%s' conflicts with another user or role name",
    hint: "Choose a name that differs in more than upper and lower case.",
  },
  "ORA-01921": {
    text: "role name '%s' conflicts with another user or role name",
    hint: "Choose a name that differs in more than upper and lower case.",
  },
  "ORA-01922": { text: "CASCADE must be specified to drop '%s'", hint: "Its credentials and database links go with --cascade." },
  "ORA-01927": { text: "cannot REVOKE privileges you did not grant" },
  "ORA-01934": {
    text: "circular role grant detected",
    hint: "A role can't have itself, nor by other roles: `tsdp role list` shows who has which role.",
  },
  "ORA-01951": { text: "ROLE '%s' not granted to '%s'", hint: "`tsdp role list` shows who has which role." },
  "ORA-39087": {
    text: "directory name %s is invalid",
    hint: "Create it with `tsdp directory create NAME PATH`; `tsdp directory list` shows those that there are for you.",
  },
  "ORA-39109": { text: "Unprivileged users may not operate upon other users' schemas" },
  "ORA-39122": { text: "Unprivileged users may not perform %s remappings." },
  "ORA-39145": {
    text: "directory object parameter must be specified and non-null",
    hint: "Name a directory object: directory=NAME; `tsdp directory list` shows those that there are for you.",
  },
  "ORA-39154": { text: "Objects from foreign schemas have been removed from import" },
  "ORA-39161": { text: "Full database jobs require privileges" },
  "ORA-39162": { text: "Transportable tablespace job require privileges" },
  "ORA-28000": { text: "the account is locked", hint: "An administrator opens it with `tsdp user unlock NAME`." },
} as const;
