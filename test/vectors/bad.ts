import { BAD_BYTES } from "./bad-bytes.ts";
import { BAD_CONTENTS } from "./bad-contents.ts";
import { BAD_KEYS } from "./bad-keys.ts";
import { BAD_SECOND_IMAGES } from "./bad-second-images.ts";
import { BAD_PAGES } from "./pages.ts";
import { BAD_SETS } from "./bad-sets.ts";
import type { VectorRequest } from "./requests.ts";

/** Sets that every reader must refuse. */
export const BAD: readonly VectorRequest[] = [
  ...BAD_BYTES,
  ...BAD_SETS,
  ...BAD_KEYS,
  ...BAD_CONTENTS,
  ...BAD_SECOND_IMAGES,
  ...BAD_PAGES,
];
