import type { SchemaSettings } from "../../sqlite/schema.ts";
import type { JobDefinition, MetadataTransform } from "../definition.ts";

/** What a file has to which nobody says anything else. */
const DEFAULT_PAGE_SIZE = 4096;
const AUTO_VACUUM: Readonly<Record<string, number>> = { NONE: 0, FULL: 1, INCREMENTAL: 2 };

/** Those that are about tables; the others are about the file of a schema. */
export const TABLE_TRANSFORMS: ReadonlySet<string> = new Set(["STRICT", "WITHOUT_ROWID"]);

/** What a transform takes, and how people are told. */
interface TransformValues {
  readonly takes: (value: MetadataTransform["value"]) => boolean;
  readonly shown: string;
}

const FLAG: TransformValues = { takes: (value) => value === 0 || value === 1, shown: "Y or N (1 or 0 by the API)" };

/** Every transform that there is, by its name. */
export const TRANSFORM_VALUES: ReadonlyMap<string, TransformValues> = new Map([
  ["DISABLE_ARCHIVE_LOGGING", FLAG],
  ["SEGMENT_ATTRIBUTES", FLAG],
  ["STORAGE", FLAG],
  [
    "PAGE_SIZE",
    {
      takes: (value) => typeof value === "number" && value >= 512 && value <= 65_536 && Number.isInteger(Math.log2(value)),
      shown: "a power of two from 512 to 65536",
    },
  ],
  [
    "AUTO_VACUUM",
    {
      takes: (value) => typeof value === "string" && Object.hasOwn(AUTO_VACUUM, value.toUpperCase()),
      shown: "NONE, FULL or INCREMENTAL",
    },
  ],
  ["STRICT", FLAG],
  ["WITHOUT_ROWID", FLAG],
]);

/** DISABLE_ARCHIVE_LOGGING: how a new schema is loaded anyway; one that exists can't be. */
export function wantsNoJournal({ metadataTransforms = [] }: JobDefinition): boolean {
  return metadataTransforms.some(({ name }) => name === "DISABLE_ARCHIVE_LOGGING");
}

/** What the file of a new schema is made with: as its source was, but for what METADATA_TRANSFORM says. */
export function transformedSettings({ metadataTransforms = [] }: JobDefinition, settings: SchemaSettings): SchemaSettings {
  const valueOf = (name: string) => metadataTransforms.find((transform) => transform.name === name)?.value;
  const isPlain = valueOf("SEGMENT_ATTRIBUTES") === 0;
  const hasDefaults = isPlain || valueOf("STORAGE") === 0;
  const pageSize = valueOf("PAGE_SIZE");
  const autoVacuum = valueOf("AUTO_VACUUM");
  return {
    ...settings,
    pageSize: pageSize === undefined ? (hasDefaults ? DEFAULT_PAGE_SIZE : settings.pageSize) : Number(pageSize),
    autoVacuum: autoVacuum === undefined ? (hasDefaults ? 0 : settings.autoVacuum) : (AUTO_VACUUM[String(autoVacuum)] ?? 0),
    journalMode: isPlain ? "delete" : settings.journalMode,
  };
}
