// The boundary between backups, while 8 writers write: every version lands in exactly one run, and each backup restores
// to what the writers themselves say of its cut. On memory they are of this process, on fs of two others.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { fsBackend } from "@nadb/backend-fs";
import {
  type BackupInfo,
  BackupManager,
  type BackupTarget,
  decodePack,
  memoryTarget,
} from "@nadb/backup";
import {
  changeKey,
  changeVersion,
  type EncodedChange,
  encodeRecord,
  isTombstone,
  KeyValueStore,
  memoryBackend,
  StateDigest,
  type StorageNamespace,
} from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type Told, writeUntil } from "./support/boundary-writers.mjs";
import { inFolder } from "./support/nadb.js";

const BOUNDARY_WRITES = Number(process.env.NADB_BOUNDARY_WRITES ?? 20_000);
const SEED = Number(process.env.NADB_SEED || 20_260_101);
const BACKUPS = 30;
const CHAIN = 6;
const WRITERS_PROGRAM = fileURLToPath(new URL("support/boundary-writers.mjs", import.meta.url));

/** Writers at work; `log` grows as they tell. */
interface Writers {
  readonly log: Told[];
  /** Resolves when all that was written has been told. */
  stop(): Promise<void>;
}

function writersHere(storage: StorageNamespace): Writers {
  const log: Told[] = [];
  let stopped = false;
  const work = writeUntil(storage, {
    seed: SEED,
    writers: 8,
    isStopped: () => stopped,
    tell: (changes) => log.push(...changes),
  });
  return {
    log,
    stop: () => {
      stopped = true;
      return work;
    },
  };
}

/** Two processes of four writers. */
function writersElsewhere(path: string): Writers {
  const log: Told[] = [];
  const children = [1, 2].map((i) => {
    const args = [WRITERS_PROGRAM, path, String(SEED * i), "4"];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface(child.stdout).on("line", (line) => log.push(...JSON.parse(line)));
    return { child, closed: once(child, "close") };
  });
  return {
    log,
    async stop() {
      for (const { child } of children) child.stdin.end("stop");
      for (const { closed } of children) expect((await closed)[0]).toBe(0);
    },
  };
}

const turn = (): Promise<void> => new Promise(setImmediate);

/** Gives the writers a turn at each step, so that backups take their time. */
const lingering = (target: BackupTarget): BackupTarget =>
  new Proxy(target, {
    get(inner, name: keyof BackupTarget) {
      const member = inner[name];
      if (typeof member !== "function") return member;
      const bound = (member as (...args: unknown[]) => unknown).bind(inner);
      if (name === "read" || name === "isGone") return bound;
      return async (...args: unknown[]) => {
        await turn();
        return bound(...args);
      };
    },
  });

interface Taken {
  readonly infos: readonly BackupInfo[];
  readonly boundaryWrites: number;
}

/** Fulls and incrementals, one after the other, until enough was written while they were made. */
async function takeBackups(manager: BackupManager, { log }: Writers): Promise<Taken> {
  const infos: BackupInfo[] = [];
  let boundaryWrites = 0;
  while (log.length === 0) await turn(); // processes take a while to start
  while (boundaryWrites < BOUNDARY_WRITES || infos.length < BACKUPS) {
    const before = log.length;
    const options = { backupId: `b${infos.length}`, compression: infos.length % 2 === 0 };
    const parent = infos.length % CHAIN === 0 ? undefined : infos.at(-1);
    infos.push(
      parent === undefined
        ? await manager.createBackup(options)
        : await manager.createIncrementalBackup(parent.backupId, options),
    );
    boundaryWrites += log.length - before;
  }
  return { infos, boundaryWrites };
}

/** The state as the writers tell it, gone through in the order of versions from cut to cut. */
class Oracle {
  readonly #log: readonly Told[];
  readonly #latest = new Map<string, { readonly told: Told; readonly encoded?: EncodedChange }>();
  readonly #digest = new StateDigest();
  #touched = new Set<string>();
  #at = 0;

  constructor(log: readonly Told[]) {
    this.#log = [...log].sort((a, b) => a.version - b.version);
  }

  get digest(): string {
    return this.#digest.toHex();
  }

  /** REQUIRES: not below the version advanced to before. */
  advance(version: number): void {
    this.#touched = new Set();
    for (; ; this.#at++) {
      const told = this.#log[this.#at];
      if (told === undefined || told.version > version) return;
      this.#apply(told);
    }
  }

  /** All that a full holds. */
  everything(): string[] {
    const live = [...this.#latest.values()].filter(({ encoded }) => encoded !== undefined);
    return live.map(({ told }) => shown(told)).sort();
  }

  /** What has changed since the cut before. */
  changed(): string[] {
    return [...this.#touched].map((key) => shown(this.#latest.get(key)?.told as Told)).sort();
  }

  #apply(told: Told): void {
    const before = this.#latest.get(told.key)?.encoded;
    if (before !== undefined) this.#digest.toggle(before);
    const encoded = encodedOf(told);
    if (encoded !== undefined) this.#digest.toggle(encoded);
    this.#latest.set(told.key, encoded === undefined ? { told } : { told, encoded });
    this.#touched.add(told.key);
  }
}

function encodedOf({ key, version, text, tags = [], expiresAt }: Told): EncodedChange | undefined {
  if (text === undefined) return undefined;
  const value = new TextEncoder().encode(text);
  const record = { key, value, tags, createdAt: 1, updatedAt: 1, version };
  return encodeRecord(expiresAt === undefined ? record : { ...record, expiresAt });
}

const shown = ({ key, version, text }: Told): string =>
  `${text === undefined ? "-" : "+"}${key}@${version}`;

/** The changes in one backup's file, in the same words. */
async function runOf(target: BackupTarget, info: BackupInfo): Promise<string[]> {
  const found: string[] = [];
  const bytes = target.read(`${info.backupId}/${info.dataFile}`);
  for await (const changes of decodePack(bytes, info.storedSize)) {
    for (const change of changes) {
      found.push(`${isTombstone(change) ? "-" : "+"}${changeKey(change)}@${changeVersion(change)}`);
    }
  }
  return found.sort();
}

/** The version at which a backup of an embedded engine ends. */
const cutOf = ({ toCheckpoint }: BackupInfo): number => Number(/-(\d+)$/.exec(toCheckpoint)?.[1]);

async function assertRuns(
  target: BackupTarget,
  infos: readonly BackupInfo[],
  log: readonly Told[],
) {
  const oracle = new Oracle(log);
  let inChain = new Set<string>();
  for (const info of infos) {
    oracle.advance(cutOf(info));
    const isFull = info.backupType === "full";
    if (isFull) inChain = new Set();
    const run = await runOf(target, info);
    expect(run).toEqual(isFull ? oracle.everything() : oracle.changed());
    for (const version of run) {
      expect(inChain.has(version)).toBe(false);
      inChain.add(version);
    }
    expect(info.stateDigest).toBe(oracle.digest);
  }
}

/** Each into a store of its own; answers the last one's. */
async function restoreEach(
  target: BackupTarget,
  infos: readonly BackupInfo[],
): Promise<KeyValueStore> {
  let store: KeyValueStore | undefined;
  for (const { backupId, stateDigest } of infos) {
    await store?.close();
    store = await KeyValueStore.open({ backend: memoryBackend() });
    const manager = await BackupManager.open({ store, target });
    const { head } = await manager.restoreBackup(backupId, { clearExisting: true });
    expect(head.digest).toBe(stateDigest);
  }
  return store as KeyValueStore;
}

async function contentOf(storage: StorageNamespace): Promise<unknown[]> {
  const { items } = await storage.keys({ limit: 10_000 });
  return (await storage.getMany(items)).map((record) => ({
    ...record,
    version: 0,
    value: Buffer.from(record?.value ?? []).toString(),
  }));
}

async function prove(storage: StorageNamespace, target: BackupTarget, start: () => Writers) {
  const manager = await BackupManager.open({ store: storage, target });
  await storage.commit([{ type: "put", key: "first", value: new Uint8Array(1) }]);
  await storage.commit([{ type: "delete", key: "first" }]);
  const writers = start();
  const { infos, boundaryWrites } = await takeBackups(manager, writers);
  await writers.stop();
  expect(boundaryWrites).toBeGreaterThanOrEqual(BOUNDARY_WRITES);
  const quiet = await manager.createIncrementalBackup(infos.at(-1)?.backupId as string);
  const all = [...infos, quiet];
  await assertRuns(target, all, writers.log);
  const restored = await restoreEach(target, all);
  expect(await contentOf(restored.storage)).toEqual(await contentOf(storage));
  await restored.close();
}

describe(`backups while 8 writers write (NADB_SEED=${SEED}): every version in one run, every cut the writers' own`, () => {
  const folder = inFolder();

  it("on memory", async () => {
    await using store = await KeyValueStore.open({ backend: memoryBackend() });
    await prove(store.storage, lingering(memoryTarget()), () => writersHere(store.storage));
  }, 120_000);

  it("on fs, the writers in two other processes", async () => {
    await using store = await KeyValueStore.open({
      backend: fsBackend({ path: folder.path("data") }),
    });
    await prove(store.storage, lingering(memoryTarget()), () =>
      writersElsewhere(folder.path("data")),
    );
  }, 120_000);
});
