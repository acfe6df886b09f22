import type { Keyring } from "../../dump/set-key.ts";
import { openPlaces, type PlaceKeys } from "../../storage/place-keys.ts";
import type { JobDefinition } from "../definition.ts";
import { isShown, missingProblems, refusalsOf, type DryRunFindings } from "./dry-run-object.ts";
import { OpenSources } from "./dry-run-sources.ts";
import { chooseSources } from "../export/export-plan.ts";
import { chooseFromDump } from "../import/import-targets.ts";
import { isOpenDatabase } from "../jobs.ts";
import { planLink } from "../import/link-plan.ts";
import { withMaster } from "../open-set.ts";
import { planScript, type ScriptOffer } from "../import/script-plan.ts";
import { isNetworkImport } from "../source-database.ts";
import { scriptObjects } from "../../metadata/sql-script.ts";

type Offer = ScriptOffer & Pick<DryRunFindings, "leftOut" | "problems">;

/** Which definitions a SQL_FILE job would write. */
export async function dryRunScript(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<DryRunFindings> {
  const offer = await (isNetworkImport(definition) ? offerOfLink(definition) : offerOfDump(definition, keyring, places));
  const { schemas, problems } = planScript(offer);
  return {
    taken: schemas.flatMap(({ name: schema, objects }) =>
      scriptObjects(objects)
        .filter(isShown)
        .map(({ objectType: type, name }) => ({ schema, type, name, action: "write", rows: null, bytes: null }) as const),
    ),
    leftOut: offer.leftOut,
    problems: [...missingProblems(offer.missing), ...offer.problems, ...problems],
    notes: [],
  };
}

async function offerOfDump(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<Offer> {
  return withMaster(definition, openPlaces(places, isOpenDatabase), keyring, async (master) => {
    const { leftOut, ...choice } = await chooseFromDump(definition, master);
    return { ...choice, master, leftOut: refusalsOf(leftOut), problems: [] };
  });
}

async function offerOfLink(definition: JobDefinition): Promise<Offer> {
  const chosen = chooseSources(definition);
  const sources = new OpenSources(chosen.sources);
  try {
    const { plan, ...offer } = await planLink(definition, chosen, sources, new Map());
    return { ...offer, leftOut: refusalsOf(plan.leftOut), problems: plan.problems };
  } finally {
    sources.close();
  }
}
