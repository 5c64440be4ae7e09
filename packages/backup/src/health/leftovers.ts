// What dead writers have left in a repository. The next backup sweeps it; until then it tells that one of them died.
import { isNadbError } from "@nadb/core";
import { isLeftover } from "../folder.js";
import { isAlive } from "../lease.js";
import { isObject, parseJson } from "../manifest.js";
import { isBackupId, isLease } from "../paths.js";
import type { Repository } from "../repository.js";
import { mapSeveral } from "../several.js";
import { readWhole } from "../target.js";

const READ_AT_ONCE = 16;
const MAX_LEASE_BYTES = 4_096;

/** The folders, in the order of the listing. */
export async function leftoversIn(repository: Repository): Promise<readonly string[]> {
  const entries = await repository.target.list("");
  const folders = entries.filter(({ type, name }) => type === "folder" && isBackupId(name));
  const found = await mapSeveral(folders, READ_AT_ONCE, async ({ name }) =>
    (await isLeft(repository, name)) ? [name] : [],
  );
  return found.flat();
}

async function isLeft(repository: Repository, folder: string): Promise<boolean> {
  const names = (await repository.target.list(folder)).map(({ name }) => name);
  if (!isLeftover(names)) return false;
  for (const name of names.filter(isLease))
    if (await isHeld(repository, `${folder}/${name}`)) return false;
  return true;
}

/** One that can not be read is nobody's. */
async function isHeld({ target, host }: Repository, path: string): Promise<boolean> {
  try {
    const json = parseJson(await readWhole(target, path, MAX_LEASE_BYTES), path);
    if (!isObject(json)) return false;
    const { owner, expiresAt, nonce } = json;
    const lease = { owner: String(owner), expiresAt: Number(expiresAt), nonce: String(nonce) };
    return isAlive(lease, target, host.clock());
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION")) return false;
    throw error;
  }
}
