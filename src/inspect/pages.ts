import type { PieceLocation } from "../dump/piece.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import { isTransported, rowsOfTables } from "../metadata/master-facts.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import type { PageImageFacts } from "../sqlite/page-image.ts";

/** The pages of one schema of a dump, in their order. */
export interface PagesOfSchema {
  readonly pieces: readonly { readonly location: PieceLocation; readonly offset: number }[];
  readonly pages: number;
  readonly bytes: number;
}

type Pieces = Pick<DumpFileSet, "pieces" | "descriptions" | "pages">;

/** What of a master table contradicts the pages of its set; null: nothing. */
export function pagesProblem(
  { pieces, descriptions, pages }: Pieces,
  { job, schemas, objects }: Pick<MasterTable, "job" | "schemas" | "objects">,
): string | null {
  if (!isTransported(job)) return pages.size === 0 ? null : "the dump holds pages that its master table does not know of";
  if (pieces.size > 0 || descriptions.size > 0) return "the dump holds rows beside the pages of its schemas";
  if (pages.size !== schemas.length) return "the master table and the pages of the dump disagree on its schemas";
  const wrong = schemas.find(({ settings }, i) => !areWhole(pages.get(i + 1) ?? [], settings.pageSize));
  if (wrong !== undefined) return `the pages of schema ${wrong.name} are not as long as they say`;
  const counted = rowsOfTables(job);
  const uncounted = objects.find(({ id, shape }) => (shape !== null) !== counted.has(id));
  return uncounted === undefined ? null : `the master table does not tell the rows of ${uncounted.schema}.${uncounted.name}`;
}

function areWhole(pieces: readonly PieceLocation[], pageSize: number): boolean {
  return pieces.length > 0 && pieces.every(({ rows, rawLength }) => rows > 0 && rawLength === rows * pageSize);
}

/** @param number of the schema, from 1; the set and its master table have been held against each other */
export function pagesOfSchema({ pages }: Pieces, number: number): PagesOfSchema {
  let bytes = 0;
  let count = 0;
  const pieces = (pages.get(number) ?? []).map((location) => {
    const piece = { location, offset: bytes };
    bytes += location.rawLength;
    count += location.rows;
    return piece;
  });
  return { pieces, pages: count, bytes };
}

/** What the file made of the pages of a schema has to be. */
export function factsOfPages({ job, schemas, objects }: MasterTable, number: number): PageImageFacts {
  const schema = schemas[number - 1];
  if (schema === undefined) throw new Error(`no schema ${number}`);
  const own = objects.filter((object) => object.schema === schema.name);
  const counted = rowsOfTables(job);
  const rows = own.flatMap(({ id, name }) => {
    const count = counted.get(id);
    return count === undefined ? [] : [[name, count] as const];
  });
  return {
    settings: schema.settings,
    objects: own.map(({ type, name, tableName, sql }) => ({ type, name, tableName, sql })),
    rows,
  };
}
