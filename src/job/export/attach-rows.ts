import { writeFileSync } from "node:fs";
import { PrivateFolder } from "../../inspect/private-folder.ts";
import type { RowChoice } from "./row-choice.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** Has workers see the chosen rows. The files lose their names as soon as all have them open, so that none is ever left behind. */
export async function attachRows(workers: readonly WorkerThread[], images: RowChoice["images"]): Promise<void> {
  if (images.size === 0) return;
  const folder = new PrivateFolder();
  try {
    for (const [schema, image] of images) {
      const path = folder.newFile();
      writeFileSync(path, image);
      await Promise.all(workers.map((worker) => worker.call({ do: "attach rows", schema, path })));
    }
  } finally {
    folder.hide();
  }
}
