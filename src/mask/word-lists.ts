import { causeLines, pumpError } from "../base/errors.ts";

/** The words that invented names and addresses are made of. */
export interface WordLists {
  readonly firstNames: readonly string[];
  readonly lastNames: readonly string[];
  readonly streets: readonly string[];
  readonly cities: readonly string[];
  readonly states: readonly string[];
  readonly companyForms: readonly string[];
}

const PACKAGE = "@faker-js/faker";

let loading: Promise<WordLists> | undefined;

/** The English words of the package, which takes some time to load and may not be installed. @throws TSDP-00040 */
export async function loadWordLists(): Promise<WordLists> {
  loading ??= readWordLists();
  return loading;
}

async function readWordLists(): Promise<WordLists> {
  const { person, location, company } = await englishWords();
  const { generic = [], female = [], male = [] } = person?.first_name ?? {};
  return {
    firstNames: unique([...generic, ...female, ...male]),
    lastNames: unique(person?.last_name?.generic),
    streets: unique(location?.street_name),
    cities: unique(location?.city_name),
    states: unique(location?.state_abbr),
    companyForms: unique(company?.["legal_entity_type"]),
  };
}

async function englishWords() {
  try {
    const { faker } = await import("@faker-js/faker/locale/en");
    return faker.rawDefinitions;
  } catch (error) {
    const hint = `Install it beside tsdp (npm install ${PACKAGE}): the FAKE_ functions take their words from it.`;
    throw pumpError([["TSDP-00040", PACKAGE], ...causeLines(error)], hint, error);
  }
}

function unique(words: unknown): readonly string[] {
  const list = Array.isArray(words) ? words.filter((word) => typeof word === "string") : [];
  if (list.length === 0) throw new Error(`${PACKAGE} lacks a list of words`);
  return [...new Set(list)];
}
