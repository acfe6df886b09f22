import { endianness } from "node:os";
import { basename } from "node:path";
import { platformName, productVersion } from "../../base/product.ts";
import { catalogFact } from "../../metadata/catalog-objects.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import { objectFacts, rowsFact } from "../../metadata/master-facts.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { sqliteVersion } from "../../sqlite/database.ts";
import { isSplit, pieceLayout, pieceTableSql } from "../../sqlite/piece-table.ts";
import { contentOf } from "../content.ts";
import type { ExportPlan } from "./export-plan.ts";
import type { JobRun } from "../run.ts";

/** What an export writes last: everything an import needs to know, nothing of the run itself. */
export function masterTable(run: JobRun, plan: ExportPlan): MasterTable {
  const { schemas, objects, catalog, tables: works, withoutRows, isPartial, sampleSeed, transportedRows } = plan;
  const tables = works.map(({ unload }) => unload);
  const { owner, name, operation, mode, guid, version, database } = run.definition;
  const damaged = tables.filter(({ lost }) => lost.length > 0).map(({ table }) => table.object);
  const filtered = works.filter(({ isFiltered }) => isFiltered).map(({ unload }) => unload.table.object);
  const facts = {
    OWNER: owner,
    JOB_NAME: name,
    OPERATION: operation,
    MODE: mode,
    GUID: guid,
    VERSION: version,
    CONTENT: contentOf(run.definition),
    INSTANCE: basename(database),
    START_TIME: run.startTime.toISOString(),
    WRITER: `tsdp ${productVersion()}`,
    DATABASE_VERSION: sqliteVersion(),
    PLATFORM: platformName(),
    TIMEZONE: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ENDIANNESS: endianness() === "LE" ? "LITTLE" : "BIG",
    PARAMETERS: JSON.stringify(run.definition.parameters),
    ...catalogFact(catalog),
    ...(isPartial ? { PARTIAL: "1" } : {}),
    ...(sampleSeed === null ? {} : { SAMPLE_SEED: sampleSeed }),
    ...(filtered.length > 0 ? { DATA_FILTERS: JSON.stringify(run.definition.dataFilters) } : {}),
    ...(transportedRows === null ? {} : { TRANSPORTABLE: "ALWAYS", ROWS: rowsFact(transportedRows) }),
    ...objectFacts({
      DAMAGED: damaged,
      FILTERED: filtered,
      WITHOUT_ROWS: withoutRows,
      VIEWS_AS_TABLES: objects.filter(({ fromView }) => fromView === true).map(({ id }) => id),
    }),
  };
  return {
    job: new Map(Object.entries(facts)),
    schemas,
    objects,
    pieces: tables.flatMap((table) =>
      table.orderedPieces().map(({ piece, rows }, ordinal) => ({ object: table.table.object, piece, ordinal, rows })),
    ),
  };
}

/** The description that precedes an object's first piece, so that a dump that lost its end can be read (docs/format.md). */
export function describeObject(object: DumpObject): Buffer {
  const { schema, name, sql, shape } = object;
  if (shape === null) throw new Error(`object ${name} has no rows`);
  const layout = pieceLayout(shape);
  const second = isSplit(shape)
    ? { secretColumns: shape.secretColumns, secondPieceTable: pieceTableSql(pieceLayout(shape, 1)) }
    : {};
  const description = {
    schema,
    name,
    sql: sql === null ? null : Buffer.from(sql).toString("base64"),
    columns: shape.columns,
    rowid: layout.rowid === "none" ? null : (shape.integerPrimaryKey ?? "rowid"),
    pieceTable: pieceTableSql(layout),
    ...second,
  };
  return Buffer.from(JSON.stringify(description));
}
