// What dead writers have left in a repository. The next backup sweeps it; until then it tells that one of them died.
import { isNadbError } from "@nadb/core";
import { isLeftover } from "../folder.js";
import { isHeld } from "../lease-file.js";
import { isBackupId, isLease } from "../paths.js";
import type { Repository } from "../repository.js";
import { mapSeveral } from "../several.js";

const READ_AT_ONCE = 16;

/** The folders, in the order of the listing. */
export async function leftoversIn(repository: Repository): Promise<readonly string[]> {
  const entries = await repository.target.list("");
  const folders = entries.filter(({ type, name }) => type === "folder" && isBackupId(name));
  const found = await mapSeveral(folders, READ_AT_ONCE, async ({ name }) =>
    (await isLeft(repository, name).catch(unlessUnreachable)) ? [name] : [],
  );
  return found.flat();
}

async function isLeft({ target, host }: Repository, folder: string): Promise<boolean> {
  const names = (await target.list(folder)).map(({ name }) => name);
  if (!isLeftover(names)) return false;
  for (const name of names.filter(isLease))
    if (await isHeld(target, `${folder}/${name}`, host.clock())) return false;
  return true;
}

/** What can not be listed is told as a backup that can not be read. */
function unlessUnreachable(error: unknown): false {
  if (!isNadbError(error, "NADB_IO")) throw error;
  return false;
}
