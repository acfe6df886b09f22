import { join } from "node:path";
import { openDatabase, type Connection } from "../../src/sqlite/database.ts";
import { wholeRange } from "../../src/sqlite/key-range.ts";
import { writePieceImage } from "../../src/sqlite/piece-image.ts";
import { pieceLayout } from "../../src/sqlite/piece-table.ts";
import type { PublishPlan, PublishTable } from "../../src/sqlite/publish-plan.ts";
import {
  listTables,
  readObjects,
  readSettings,
  readTableShape,
  shadowOwner,
  type SchemaObject,
} from "../../src/sqlite/schema.ts";
import { beginSnapshot, openSource } from "../../src/sqlite/source.ts";
import { Stage } from "../../src/sqlite/stage.ts";
import { loadPiece } from "../../src/sqlite/load-piece.ts";
import { createStagingTable, prepareLoading, createProgressTable, progressName, stagingName } from "../../src/sqlite/staging.ts";

/** What a test says of one table of the plan; a plain create otherwise. */
export type TableChoice = Partial<Pick<PublishTable, "action" | "truncate" | "raw">>;

/** Makes a source file by SQL and stages all of it in a target that exists: what is left to do is to publish the plan. */
export function stageAll(
  folder: string,
  sourceSql: string,
  targetPath: string,
  choices: Readonly<Record<string, TableChoice>> = {},
): PublishPlan {
  const path = join(folder, "SOURCE.db");
  const made = openDatabase(path);
  made.exec(sourceSql);
  made.close();
  const source = openSource("SOURCE", path);
  beginSnapshot(source);
  const target = openDatabase(targetPath, { mustExist: true });
  try {
    prepareLoading(target, true);
    return stagePlan(source, target, join(folder, "piece"), choices);
  } finally {
    target.close();
    source.close();
  }
}

function stagePlan(
  source: Connection,
  target: Connection,
  image: string,
  choices: Readonly<Record<string, TableChoice>>,
): PublishPlan {
  const listed = listTables(source);
  const objects = readObjects(source).objects.filter(({ sql }) => sql !== null);
  const isVirtual = ({ type, name }: SchemaObject) => type === "table" && listed.get(name)?.kind === "virtual";
  const tables = objects
    .filter((object) => object.type === "table" && !isVirtual(object))
    .map((definition, i): PublishTable => {
      const choice = { action: "create", truncate: false, ...choices[definition.name] } as const;
      const shape = readTableShape(source, definition.name, listed);
      const owner = listed.get(definition.name)?.kind === "shadow" ? shadowOwner(definition.name, listed) : null;
      const staging = stagingName("0123456789ABCDEF", i + 1);
      return {
        raw: choice.action === "create",
        ...choice,
        definition,
        shape,
        staging,
        owner: owner ?? null,
      };
    });
  const stage = new Stage(source);
  const progress = progressName("0123456789ABCDEF");
  createProgressTable(target, progress);
  for (const [i, table] of tables.entries()) {
    createStagingTable(target, table);
    const range = wholeRange(source, table.shape);
    if (range === null) continue;
    const piece = stage.unload(table.shape, range, 1_000_000);
    writePieceImage(image, piece.image, pieceLayout(table.shape));
    loadPiece(target, image, table, piece.rows, { progress, object: i, piece: 1, rejected: null });
  }
  return {
    encoding: readSettings(source).encoding,
    progress,
    drops: [],
    renames: [],
    creations: [],
    tables,
    definitions: objects.filter((object) => object.type === "view" || object.type === "trigger" || isVirtual(object)),
    indexes: objects.filter(({ type }) => type === "index"),
    rejected: null,
    validates: false,
  };
}
