// Whether store and repository are still in their places, for whoever holds them open for long. INVARIANT: a folder in whose
// place another one is, or none, is told before anything is written there: it may be a disk that is not mounted.
import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type BackupTarget, Repository } from "@nadb/backup";
import { isNadbError, NadbError } from "@nadb/core";
import { systemCode } from "./failure.js";
import { repositoryUrl } from "./repository-url.js";
import { type Flags, folderOfStore } from "./session.js";

/** Of the store, and of the store that the repository lies in. */
export async function watchStores(flags: Flags): Promise<() => Promise<void>> {
  const url = repositoryUrl(flags.repo);
  const ofStore = await storeWatch(flags);
  if (url === undefined) return ofStore;
  const { repoFolder } = flags;
  const place = { store: url.store, ...(repoFolder !== undefined && { storeFolder: repoFolder }) };
  const ofRepository = await storeWatch(place);
  return async () => {
    await ofStore();
    await ofRepository();
  };
}

/** Of a store in a folder; where others are, they tell themselves. */
async function storeWatch(
  flags: Pick<Flags, "store" | "storeFolder">,
): Promise<() => Promise<void>> {
  const folder = folderOfStore(flags);
  if (folder === undefined) return async () => undefined;
  const before = await identityOf(folder);
  return async () => {
    if ((await identityOf(folder)) === before) return;
    const message = `the store that was opened is not in ${folder} any more`;
    throw new NadbError("NADB_NOT_A_STORE", message, { hint: "is the disk mounted?" });
  };
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(join(folder, "data.mdb"), { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // opening tells why
  }
}

/** What to do where no repository is. */
export function withHint(error: unknown): unknown {
  if (!isNadbError(error, "NADB_NOT_A_REPOSITORY")) return error;
  const hint = "is its disk mounted? the first backup is taken with nadb backup create";
  return new NadbError(error.code, error.message, { hint, cause: error });
}

/** Throws NADB_NOT_A_REPOSITORY where it has gone. */
export async function checkRepository(target: BackupTarget): Promise<void> {
  await Repository.open(target).catch((error) => Promise.reject(withHint(error)));
}

/**
 * Whether a command that nobody need watch may make the repository: where no folder is, in one that holds something. An empty
 * folder may be a disk that is not mounted. A server is no folder.
 */
export async function mayMakeRepository({ repo, repoFolder }: Flags): Promise<boolean> {
  const url = repositoryUrl(repo);
  const folder =
    url === undefined
      ? resolve(repo)
      : folderOfStore({
          store: url.store,
          ...(repoFolder !== undefined && { storeFolder: repoFolder }),
        });
  if (folder === undefined) return true;
  if ((await namesIn(folder)) !== undefined) return false;
  return ((await namesIn(dirname(folder))) ?? []).length > 0;
}

/** Undefined where there is none. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    return []; // opening tells why
  }
}
