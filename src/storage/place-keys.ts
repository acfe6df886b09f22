import type { StorageAccess } from "./access.ts";
import { Places } from "./places.ts";
import { SignedUrls, type UrlQueries } from "./signed-urls.ts";
import type { Storage } from "./storage.ts";

/** All that opens the places of a job's files. Secrets; they may be posted between threads. */
export interface PlaceKeys {
  readonly access: StorageAccess;
  readonly queries: UrlQueries;
}

export const NO_PLACE_KEYS: PlaceKeys = { access: [], queries: {} };

/** The places of a job's files. @param isOpenDatabase see `LocalStorage` */
export function openPlaces({ access, queries }: PlaceKeys, isOpenDatabase?: (path: string) => boolean): Storage {
  const places = new Places(access, isOpenDatabase);
  return Object.keys(queries).length === 0 ? places : new SignedUrls(places, queries);
}
