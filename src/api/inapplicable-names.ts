import type { Explanation } from "./explanation.ts";

const STORAGE_CLAUSE = "SQLite has no storage clauses: a table is a b-tree in the file of its schema.";
const NAMELESS_KEYS = "SQLite makes the index of a constraint itself and names it itself.";
const KEEP_IN_DUMP = "Use COMPRESSION for the dump; a file of SQLite is never compressed.";

const NO_PARTITIONS = "A SQLite table has no partitions; parts of it are rows.";

/** Options of DATA_OPTIONS that can't mean anything here. */
export const INAPPLICABLE_DATA_OPTIONS = {
  XML_CLOBS: ["Exports columns of XML as text.", "SQLite has no type of XML: it is text already.", "Leave it out."],
  NO_TYPE_EVOLUTION: ["Loads objects of a type whose versions differ.", "SQLite has no object types.", "Leave it out."],
  DISABLE_APPEND_HINT: [
    "Loads rows without the hint by which others can't change the table meanwhile.",
    "SQLite has one writer a file, and rows come in short transactions.",
    "Leave it out.",
  ],
  REJECT_ROWS_WITH_REPL_CHAR: [
    "Refuses rows whose text lost characters when its encoding was changed.",
    "No encoding is ever changed: an import between two encodings is refused.",
    "Leave it out.",
  ],
  ENABLE_NETWORK_COMPRESSION: [
    "Compresses rows on their way over a network link.",
    "A link is another folder of this machine; its rows pass no network.",
    "Leave it out.",
  ],
  GROUP_PARTITION_TABLE_DATA: [
    "Unloads all partitions of a table as one.",
    NO_PARTITIONS,
    "Leave it out; a table is always unloaded as one.",
  ],
  TRUST_EXISTING_TABLE_PARTITIONS: [
    "Loads partitions side by side into a table that has the same ones.",
    NO_PARTITIONS,
    "Leave it out; PARALLEL does several schemas side by side.",
  ],
  VERIFY_STREAM_FORMAT: [
    "Checks the format of the rows before they are written.",
    "Pieces of rows are databases that SQLite itself has made.",
    "Leave it out; `tsdp verify` checks a dump down to its rows.",
  ],
  CONTINUE_LOAD_ON_FORMAT_ERROR: [
    "Goes on with the next rows where those of a dump are damaged.",
    "What a dump holds is loaded whole and proven, or the job ends.",
    "`tsdp cat` shows what can be read; SKIP_CURRENT=YES of START_JOB passes a table.",
  ],
} as const satisfies Record<string, Explanation>;

/** METADATA_TRANSFORM names that can't mean anything here. */
export const INAPPLICABLE_TRANSFORMS = {
  CONSTRAINT_NAME_FROM_INDEX: ["Names a constraint after its index.", NAMELESS_KEYS, "Leave it out."],
  CONSTRAINT_NOVALIDATE: [
    "Makes constraints that are not checked against the rows.",
    "SQLite keeps no such state: rows of a new table come as they are, unchecked.",
    "Leave it out; foreign keys are checked at the end, and what they miss is told.",
  ],
  CONSTRAINT_USE_DEFAULT_INDEX: ["Lets a constraint have the index that is made by default.", NAMELESS_KEYS, "Leave it out."],
  DWCS_CVT_CONSTRAINTS: [
    "Makes constraints of a cloud warehouse that are not enforced.",
    "SQLite enforces all of them.",
    "Leave it out.",
  ],
  DWCS_CVT_IOTS: [
    "Makes tables of index-organized tables, for a cloud warehouse.",
    "An index-organized table is a WITHOUT ROWID table, which every SQLite has.",
    "Leave it out.",
  ],
  INDEX_COMPRESSION_CLAUSE: ["Compresses indexes.", STORAGE_CLAUSE, KEEP_IN_DUMP],
  INMEMORY: [
    "Keeps or drops the clause that puts a table into the column store.",
    "SQLite has no column store.",
    "Leave it out.",
  ],
  INMEMORY_CLAUSE: ["Puts tables into the in-memory column store.", "SQLite has no column store.", "Leave it out."],
  LOB_STORAGE: ["Says how large values are stored.", STORAGE_CLAUSE, "Use PAGE_SIZE: larger pages suit large values."],
  OID: [
    "Keeps or drops the identifiers of object types.",
    "SQLite has no object types.",
    "Leave it out; rowids are always kept.",
  ],
  OMIT_ACDR_METADATA: [
    "Drops what a table has for resolving conflicts of replication.",
    "SQLite has no replication of its own.",
    "Use EXCLUDE=TRIGGER where triggers replicate.",
  ],
  OMIT_ENCRYPTION_CLAUSE: [
    "Drops the clauses that encrypt columns and tablespaces.",
    "SQLite encrypts nothing; marks of `tsdp column` are not in a dump.",
    "Leave it out.",
  ],
  PCTSPACE: [
    "Makes extents smaller or larger by a percentage.",
    "SQLite has no extents: a file grows page by page.",
    "Leave it out.",
  ],
  SEGMENT_CREATION: ["Makes the segment of a table with its first row.", STORAGE_CLAUSE, "Leave it out."],
  TABLE_COMPRESSION_CLAUSE: ["Compresses tables.", STORAGE_CLAUSE, KEEP_IN_DUMP],
  XMLTYPE_STORAGE_CLAUSE: ["Says how XML is stored.", "SQLite has no XML type: XML is text.", "Leave it out."],
} as const satisfies Record<string, Explanation>;

/** Parameters that an export has, and that can't mean anything on import. */
export const INAPPLICABLE_IMPORT_PARAMETERS = {
  TRANSPORTABLE: [
    "Has an import over a link copy data files instead of rows.",
    "A link brings rows only, and a dump says itself whether it holds pages.",
    "Export with TRANSPORTABLE=ALWAYS, and import that dump like any other.",
  ],
  TRANSPORT_TABLESPACES: [
    "Names the tablespaces whose data files an import plugs in.",
    "A link brings rows only, and a dump says itself whether it holds pages.",
    "Import a dump of TRANSPORT_TABLESPACES like any other; SCHEMAS takes some.",
  ],
} as const satisfies Record<string, Explanation>;

/** METADATA_REMAP names that can't mean anything here; they are parameters of the same names. */
export const INAPPLICABLE_REMAPS = {
  REMAP_TABLESPACE: [
    "Puts objects of one tablespace into another.",
    "The tablespace of a schema is its file: objects can't leave it for another.",
    "Use REMAP_SCHEMA: another schema is another file.",
  ],
} as const satisfies Record<string, Explanation>;

/** Parameters about data files that can't mean anything here. */
export const INAPPLICABLE_FILE_PARAMETERS = {
  REUSE_DATAFILES: [
    "Lets CREATE TABLESPACE overwrite a data file that exists.",
    "The file of a schema that exists is the schema: no import overwrites it whole.",
    "Use TABLE_EXISTS_ACTION=REPLACE, or remove the file first if you mean that.",
  ],
} as const satisfies Record<string, Explanation>;

/** Values that can't mean anything here, of names that do. */
export const INAPPLICABLE_VALUES = {
  "DISABLE_ARCHIVE_LOGGING:N": [
    "Writes all of the redo log while tables are loaded.",
    "The file of a new schema has no journal before it is whole.",
    "Leave it out; an existing schema is always written with its journal.",
  ],
  "SKIP_UNUSABLE_INDEXES=N": [
    "Leaves out the rows of tables that have an unusable index.",
    "SQLite keeps every index up to date; none can be marked unusable.",
    "Leave it out; an index that can't be made is reported, its table is loaded.",
  ],
} as const satisfies Record<string, Explanation>;
