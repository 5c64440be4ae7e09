// Random histories made of real backups, and pruned for real: what the dry run says happens, and every backup that stays
// brings back exactly what its namespace held at its cut. NADB_RETENTION_HISTORIES draws more, NADB_SEED others.
import type { StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { createFull, createIncremental } from "../../src/create.js";
import type { BackupTarget, PruneOptions, Repository } from "../../src/index.js";
import { memoryTarget, pinBackup, planPrune, pruneBackups } from "../../src/index.js";
import { copyOf } from "../support/dying.js";
import { patchFile } from "../support/files.js";
import { chance, drawPolicy, drawTaken, pick } from "../support/histories.js";
import type { Taken } from "../support/history.js";
import { filesIn } from "../support/history.js";
import { type Files, filesOf } from "../support/overlay.js";
import { type Random, SEED, seeded } from "../support/random.js";
import { expectedOf, isGood } from "../support/retention-oracle.js";
import { idOf, openBackend, openRepository, write } from "../support/sets.js";
import { Clock } from "../support/store.js";

const HISTORIES = Number(process.env.NADB_RETENTION_HISTORIES || 1_000);
const POLICIES = 5;

type Content = Record<string, string>;

interface History {
  readonly taken: readonly Taken[];
  readonly files: Files;
  /** What each namespace held at the cut, by the id of the backup. */
  readonly contents: ReadonlyMap<string, Content>;
  readonly damaged: ReadonlySet<string>;
  readonly pinned: ReadonlyMap<string, null>;
}

/** Takes the backups; then some are pinned, some damaged, some lost. */
async function makeHistory(random: Random): Promise<History> {
  const target = memoryTarget();
  const clock = new Clock();
  const repository = await openRepository(target, clock);
  const backend = await openBackend();
  const taken = drawTaken(random, 7);
  const contents = new Map<string, Content>();
  const current = new Map<string, Content>();
  for (const one of taken) {
    clock.time = Date.parse(new Date(one.at).toISOString());
    const content = { ...current.get(`${one.namespace}`), ...(await change(random, backend, one)) };
    current.set(`${one.namespace}`, content);
    contents.set(one.id, withoutDeleted(content));
    await take(repository, backend, one);
  }
  const ids = taken.map(({ id }) => id);
  const pinned = new Map(ids.filter(() => chance(random, 8)).map((id) => [id, null]));
  for (const id of pinned.keys()) await pinBackup(repository, id);
  const damaged = new Set(ids.filter(() => chance(random, 8)));
  for (const id of damaged) await cutShort(target, id);
  if (chance(random, 10)) await target.remove(pick(random, ids));
  return { taken, files: await filesOf(target), contents, damaged, pinned };
}

/** Puts and deletes a few keys; answers them, "" for what is deleted. An empty state would be held as unusual: it is none. */
async function change(
  random: Random,
  backend: StorageBackend,
  { id, namespace }: Taken,
): Promise<Content> {
  const changed: Content = { always: "there" };
  for (let i = random.int(4); i >= 0; i--)
    changed[`k${random.int(6)}`] = chance(random, 70) ? `${id} ${i}` : "";
  const entries = Object.entries(changed).map(([key, text]) => [key, text || undefined]);
  await write(backend, `db/${namespace}`, Object.fromEntries(entries));
  return changed;
}

const withoutDeleted = (content: Content): Content =>
  Object.fromEntries(Object.entries(content).filter(([, text]) => text !== ""));

async function take(repository: Repository, backend: StorageBackend, one: Taken): Promise<void> {
  const storage = await backend.namespace(idOf(`db/${one.namespace}`));
  const host = { repository, storage, ...repository.host };
  const { id: backupId, parent, label, setSize = 1 } = one;
  const options = { backupId, setSize, compression: false, ...(label !== undefined && { label }) };
  if (parent === undefined) await createFull(host, options);
  else await createIncremental(host, parent, options);
}

const cutShort = (target: BackupTarget, id: string): Promise<void> =>
  patchFile(target, `${id}/data.nadb`, (bytes) => bytes.subarray(1));

/** Read as a restore reads it, and compared with its digest at the end. */
async function contentOf(repository: Repository, id: string): Promise<Content> {
  const content: Content = {};
  for await (const { key, value } of repository.readBackup(id))
    content[key] = new TextDecoder().decode(value);
  return content;
}

const seen = { removed: 0, consolidated: 0, restored: 0, damaged: 0 };

async function pruneAndCheck(random: Random, history: History): Promise<void> {
  const target = await copyOf(history.files);
  const clock = new Clock();
  const newest = history.taken.at(-1);
  clock.time = Date.parse(new Date(newest?.at ?? 0).toISOString()) + 86_400_000 * random.int(40);
  const repository = await openRepository(target, clock);
  const backups = await repository.list();
  const policy = drawPolicy(random);
  const options: PruneOptions = {
    consolidate: chance(random, 60),
    ...(chance(random, 20) && { only: { db: "db", namespace: "a" } }),
  };
  const { damaged, pinned } = history;
  const context = { ...options, now: clock.time, damaged, pinned };
  const { stays } = expectedOf({ backups, policy, context });
  const isJudged = ({ sourceNamespace }: (typeof backups)[number]) =>
    options.only === undefined || sourceNamespace === "a";
  const kept = backups.filter((info) => !isJudged(info) || stays.has(info.backupId));

  const dryRun = await planPrune(repository, policy, options);
  const pruning = await pruneBackups(repository, chance(random, 20) ? policy : dryRun, options);
  expect(pruning.plan).toEqual(dryRun);
  expect(pruning.left).toEqual([]);
  const steps = [...pruning.consolidated, ...pruning.removed];
  expect(steps).toEqual(dryRun.steps.map(({ backupId }) => backupId));

  const now = await repository.list();
  expect(now.map(({ backupId }) => backupId)).toEqual(kept.map(({ backupId }) => backupId));
  for (const before of kept) {
    if (!isGood(before, backups, { damaged })) continue;
    const { backupId, stateDigest } = before;
    expect((await repository.get(backupId)).stateDigest).toBe(stateDigest);
    expect(await contentOf(repository, backupId)).toEqual(history.contents.get(backupId));
    seen.restored++;
  }
  const files = kept.flatMap(({ backupId }) => (pinned.has(backupId) ? 3 : 2));
  expect(await filesIn(target)).toHaveLength(files.reduce((sum, count) => sum + count, 1));
  seen.removed += pruning.removed.length;
  seen.consolidated += pruning.consolidated.length;
  seen.damaged += kept.filter((info) => !isGood(info, backups, { damaged })).length;
}

describe("retention › random histories, carried out", () => {
  it(`${HISTORIES} histories, ${POLICIES} policies each`, { timeout: 1_800_000 }, async () => {
    for (let i = 0; i < HISTORIES; i++) {
      const random = seeded(SEED + i);
      try {
        const history = await makeHistory(random);
        for (let j = 0; j < POLICIES; j++) await pruneAndCheck(random, history);
      } catch (error) {
        const repeat = `NADB_SEED=${SEED + i} NADB_RETENTION_HISTORIES=1`;
        throw new Error(`${repeat}: ${error}`, { cause: error });
      }
    }
    if (HISTORIES < 20) return;
    for (const [what, count] of Object.entries(seen))
      expect([what, count > 20]).toEqual([what, true]);
  });
});
