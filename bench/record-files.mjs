// The records as files, for programs that know nothing else: one for each, named by its number, a thousand in a folder.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function writeFiles(folder, entries) {
  for (const { key, value } of entries) {
    const [group, path] = pathsOf(folder, key);
    mkdirSync(group, { recursive: true });
    writeFileSync(path, value);
  }
}

/** What `apply` of changes.mjs does to a store. */
export function applyToFiles(folder, changes) {
  writeFiles(
    folder,
    changes.flatMap(({ entry }) => entry ?? []),
  );
  for (const { deleted } of changes) if (deleted !== undefined) rmSync(pathsOf(folder, deleted)[1]);
}

function pathsOf(folder, key) {
  const number = key.slice(key.indexOf(":") + 1);
  const group = join(folder, number.slice(0, -3));
  return [group, join(group, number)];
}
