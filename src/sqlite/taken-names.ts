import { foldName } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { dropTables } from "./drop-tables.ts";
import type { PublishPlan, PublishTable, TakenObject } from "./publish-plan.ts";
import { hasTable, type SchemaObject } from "./schema.ts";
import { nameKey } from "./target.ts";

/** What of a plan can be carried out. */
export interface FreePlan {
  readonly plan: PublishPlan;
  readonly taken: readonly TakenObject[];
}

/**
 * Drops what is to be replaced, and leaves out what bears a name that another program has given since the plan was made, with all that belongs
 * to it. Inside the transaction that publishes: nobody gives names any more.
 */
export function makeRoom(connection: Connection, wanted: PublishPlan): FreePlan {
  const drops = wanted.drops.filter((name) => hasTable(connection, name));
  dropTables(connection, drops);
  const rows = connection.prepare("SELECT type, name FROM main.sqlite_schema").all() as Pick<SchemaObject, "type" | "name">[];
  const existing = new Map(rows.map((row) => [nameKey(row), row.type]));
  const free = new NameCheck(existing, { ...wanted, drops }).run();
  const kept = new Set(free.plan.tables);
  const unwanted = wanted.tables.filter((table) => !kept.has(table));
  dropTables(
    connection,
    unwanted.map(({ staging }) => staging),
  );
  return free;
}

class NameCheck {
  /** By `nameKey`. */
  readonly #existing: ReadonlyMap<string, SchemaObject["type"]>;
  readonly #plan: PublishPlan;
  readonly #taken: TakenObject[] = [];
  /** Tables that are left out: lower case. */
  readonly #without = new Set<string>();
  /** Views whose names are taken, by their lower case. */
  readonly #views = new Map<string, SchemaObject>();

  constructor(existing: ReadonlyMap<string, SchemaObject["type"]>, plan: PublishPlan) {
    this.#existing = existing;
    this.#plan = plan;
  }

  run(): FreePlan {
    const { tables, creations, definitions, indexes } = this.#plan;
    const ofType = (type: SchemaObject["type"]) => definitions.filter((object) => object.type === type);
    for (const object of [...creations, ...ofType("table"), ...tables.filter(isMade).map(({ definition }) => definition)])
      if (this.#isTaken(object)) this.#without.add(foldName(object.name));
    this.#leaveOutVirtual([...creations, ...ofType("table")]);
    for (const view of ofType("view")) if (this.#isTaken(view)) this.#views.set(foldName(view.name), view);
    const stays = (object: SchemaObject) => this.#stays(object);
    const plan = {
      ...this.#plan,
      tables: tables.filter((table) => !isMade(table) || !this.#without.has(foldName(table.definition.name))),
      creations: creations.filter((object) => !this.#without.has(foldName(object.name))),
      indexes: indexes.filter(stays),
      definitions: definitions.filter(stays),
    };
    return { plan, taken: this.#taken };
  }

  #isTaken(object: SchemaObject): boolean {
    const existing = this.#existing.get(nameKey(object));
    if (existing === undefined) return false;
    this.#taken.push({ object, existing, base: null });
    return true;
  }

  /** A virtual table and its shadow tables come together or not at all. */
  #leaveOutVirtual(virtual: readonly SchemaObject[]): void {
    for (const object of virtual) {
      const shadows = this.#plan.tables.filter(({ owner }) => owner === object.name).map(({ definition }) => definition);
      const base = shadows.find(({ name }) => this.#without.has(foldName(name)));
      const existing = base === undefined ? undefined : this.#existing.get(nameKey(base));
      if (base !== undefined && existing !== undefined && !this.#without.has(foldName(object.name)))
        this.#taken.push({ object, existing, base });
      if (base !== undefined) this.#without.add(foldName(object.name));
      if (this.#without.has(foldName(object.name))) for (const { name } of shadows) this.#without.add(foldName(name));
    }
  }

  /** What belongs to a table that is left out goes with it without a word. */
  #stays(object: SchemaObject): boolean {
    if (object.type === "table") return !this.#without.has(foldName(object.name));
    if (object.type === "view") return !this.#views.has(foldName(object.name));
    if (this.#without.has(foldName(object.tableName))) return false;
    const base = object.type === "trigger" ? this.#views.get(foldName(object.tableName)) : undefined;
    if (base === undefined) return !this.#isTaken(object);
    this.#taken.push({ object, existing: "view", base });
    return false;
  }
}

/** What SQLite keeps for itself has no name of the dump's. */
function isMade({ action, definition }: PublishTable): boolean {
  return action === "create" && !/^sqlite_/i.test(definition.name);
}
