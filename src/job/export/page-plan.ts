import { pumpError } from "../../base/errors.ts";
import type { ColumnName } from "../../catalog/encrypted-columns.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import { readSchema } from "../../metadata/read-schema.ts";
import { openPageSource, type PageSource } from "../../sqlite/page-source.ts";
import { transportObstacle } from "../../sqlite/page-image.ts";
import { PIECE_TARGET } from "../../sqlite/stage.ts";
import { NO_PLAN, type ExportPlan, type ExportSources } from "./export-plan.ts";
import { holdsMarkedColumns } from "../secret-columns.ts";
import type { Snapshot } from "./snapshot.ts";

/** A schema whose pages are exported. */
export interface SchemaPages {
  /** Place among the schemas of the dump, from 1. */
  readonly number: number;
  readonly schema: string;
  /** Where it is, for the log. */
  readonly path: string;
  readonly source: PageSource;
}

/** Pages that make one piece. The parts of a schema are the same in every run of a job. */
export interface PagePart {
  /** Tells it from all others of the job. */
  readonly item: number;
  readonly pages: SchemaPages;
  /** Number of the piece, from 1 in the order of the pages. */
  readonly piece: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads the definitions in the snapshot; no row is looked at. Nothing is exported that no import would take.
 * @throws ORA-39002 with TSDP-00010 for a schema that can't be transported
 */
export function planPages({ sources, catalog }: ExportSources, snapshot: Snapshot, marks: readonly ColumnName[]): ExportPlan {
  for (const { schema } of sources) assertTransportable(snapshot, schema);
  const contents = sources.map(({ schema }) => readSchema(snapshot.connection(schema), schema));
  const objects = contents.flatMap((content) => content.objects).map((object, i) => ({ ...object, id: i + 1 }));
  return {
    ...NO_PLAN,
    schemas: contents.map(({ schema }) => schema),
    objects,
    catalog,
    holdsMarkedColumns: holdsMarkedColumns(tablesWithRows(objects), marks),
    transportedRows: new Map(),
  };
}

function assertTransportable(snapshot: Snapshot, schema: string): void {
  const obstacle = transportObstacle(snapshot.connection(schema));
  if (obstacle === null) return;
  throw pumpError(
    [["ORA-39002"], ["TSDP-00010", `schema ${schema} can't be transported as it is: ${obstacle}`]],
    "Export its rows: leave transportable out.",
  );
}

/** The tables whose rows are counted: a virtual one has none of its own. */
export function tablesWithRows(objects: readonly DumpObject[]): readonly DumpObject[] {
  return objects.filter(({ shape }) => shape !== null);
}

/**
 * Opens the files and adds each to those that are open. They have to be closed when no connection to them is left, also when it throws:
 * closing one before would drop the locks that hold the snapshot.
 */
export async function openPages(
  { sources }: Pick<ExportSources, "sources">,
  snapshot: Snapshot,
  opened: SchemaPages[],
): Promise<void> {
  for (const [i, { schema, path }] of sources.entries()) {
    const source = await openPageSource(snapshot.connection(schema), path);
    opened.push({ number: i + 1, schema, path, source });
    source.assertRead();
  }
}

/** All parts, schema by schema. */
export function partsOf(schemas: readonly SchemaPages[]): readonly PagePart[] {
  let item = 0;
  return schemas.flatMap((pages) => {
    const { pageSize, pageCount } = pages.source;
    const step = Math.floor(PIECE_TARGET / pageSize) * pageSize;
    const bytes = pageCount * pageSize;
    return Array.from({ length: Math.ceil(bytes / step) }, (_, i): PagePart => {
      const offset = i * step;
      return { item: (item += 1), pages, piece: i + 1, offset, length: Math.min(step, bytes - offset) };
    });
  });
}
