// Chains to be salvaged, drawn at random and written in small parts, so that a run has many: blocks of a pack, members or
// lines of JSON. What each part holds is known, so that an oracle can tell what must be left of it.
import { gzipSync } from "node:zlib";
import { changeKey, type EncodedChange, isTombstone } from "@nadb/core";
import type { BackupTarget, CreateBackupOptions } from "../../src/index.js";
import { lineOf } from "../../src/json/lines.js";
import { readRun } from "../../src/run/read-run.js";
import { readFile, sha256Hex, writeFile } from "./files.js";
import { readJson, seal, writeJson } from "./manifest.js";
import { type Files, filesOf } from "./overlay.js";
import { type BlockSpec, build, raw } from "./pack.js";
import type { Random } from "./random.js";
import { openSite, type Site } from "./store.js";
import { frame, stored as storedInZstd } from "./zstd.js";

export type Kind = "stored" | "gzip" | "zstd" | "json" | "json.gz";

/** Bytes of the data file that stand or fall together, and the changes in them. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly changes: readonly EncodedChange[];
}

export interface SceneRun {
  readonly id: string;
  readonly kind: Kind;
  readonly path: string;
  readonly parts: readonly Part[];
  /** Of a pack its index, which ends it. */
  readonly end: Uint8Array;
}

export interface SalvageScene {
  readonly files: Files;
  /** Oldest first. */
  readonly runs: readonly SceneRun[];
}

export const changesIn = (run: SceneRun): EncodedChange[] =>
  run.parts.flatMap((part) => part.changes);

const KEYS = 60;
const keyOf = (random: Random): string => `k${String(random.int(KEYS)).padStart(2, "0")}`;

async function writeSome({ store }: Site, count: number, random: Random): Promise<void> {
  for (let i = 0; i < count; i++) {
    const key = keyOf(random);
    if (random.int(4) === 0) await store.delete(key);
    else
      await store.set(key, `${i} ${"x".repeat(random.int(40))}`, {
        tags: random.int(3) === 0 ? [`t${random.int(4)}`] : [],
        ...(random.int(5) === 0 ? { ttlSeconds: 3600 } : {}),
      });
  }
}

/** A full and up to four incrementals. @param kindOf of each run in turn. */
export async function drawScene(random: Random, kindOf: () => Kind): Promise<SalvageScene> {
  const site = await openSite();
  const kinds = Array.from({ length: 1 + random.int(5) }, kindOf);
  for (const [i, kind] of kinds.entries()) {
    await writeSome(site, i === 0 ? 90 : 1 + random.int(50), random);
    if (i === 0) await site.store.set("k00", "so that it is not empty");
    const options: CreateBackupOptions = { ...howTo(kind), backupId: `b${i}` };
    if (i === 0) await site.backups.createBackup(options);
    else await site.backups.createIncrementalBackup(`b${i - 1}`, options);
    site.clock.time += 1_000;
  }
  const runs: SceneRun[] = [];
  for (const [i, kind] of kinds.entries())
    runs.push(await inSmallParts(site, `b${i}`, kind, random));
  return { files: await filesOf(site.target), runs };
}

function howTo(kind: Kind): CreateBackupOptions {
  if (kind === "json" || kind === "json.gz")
    return { format: "json", compression: kind === "json.gz" };
  return { compression: kind === "gzip" };
}

async function inSmallParts(
  { backups, target }: Site,
  id: string,
  kind: Kind,
  random: Random,
): Promise<SceneRun> {
  const info = await backups.getBackup(id);
  const changes: EncodedChange[] = [];
  for await (const batch of readRun(target, info, {})) changes.push(...batch.map((c) => c.slice()));
  const groups: EncodedChange[][] = [];
  while (changes.length > 0) groups.push(changes.splice(0, 1 + random.int(5)));
  const path = `${id}/${info.dataFile}`;
  const run = { id, kind, path, parts: [] as Part[], end: new Uint8Array(0) };
  if (groups.length === 0) return run;
  const { file, parts, end } = kind.startsWith("json")
    ? jsonOf(groups, kind, random)
    : packOf(groups, kind);
  await writeFile(target, path, file);
  await reseal(target, id, {
    checksum: `sha256:${sha256Hex(file)}`,
    stored_size: file.length,
    ...(kind === "zstd" ? { codec: "zstd", compression: true } : {}),
  });
  return { ...run, parts, end };
}

/** In the manifest and in the index's copy of it. */
async function reseal(target: BackupTarget, id: string, edit: object): Promise<void> {
  const manifest = seal({ ...(await readJson(target, `${id}/metadata.json`)), ...edit });
  await writeJson(target, `${id}/metadata.json`, manifest);
  const index = await readJson(target, "metadata.json");
  const copies = index.backups as Record<string, unknown>;
  await writeJson(target, "metadata.json", { ...index, backups: { ...copies, [id]: manifest } });
}

interface Written extends Pick<SceneRun, "parts" | "end"> {
  readonly file: Uint8Array;
}

function packOf(groups: EncodedChange[][], kind: Kind): Written {
  const all = groups.flat();
  const tombstoneCount = all.filter(isTombstone).length;
  const blocks = groups.map((changes) => blockOf(changes, kind));
  const file = build({ blocks, recordCount: all.length - tombstoneCount, tombstoneCount });
  let offset = 10;
  const parts = groups.map((changes, i): Part => {
    const start = offset;
    offset += 46 + (blocks[i] as BlockSpec).payload.length;
    return { bytes: file.subarray(start, offset), changes };
  });
  return { file, parts, end: file.subarray(offset, -32) };
}

function blockOf(changes: readonly EncodedChange[], kind: Kind): BlockSpec {
  const bytes = raw(...changes);
  const rest = { changeCount: changes.length, rawLength: bytes.length };
  if (kind === "gzip") return { codec: 1, payload: gzipSync(bytes), ...rest };
  if (kind === "zstd")
    return { codec: 2, payload: frame(bytes.length, [storedInZstd(bytes)]), ...rest };
  return { codec: 0, payload: bytes, ...rest };
}

function jsonOf(groups: EncodedChange[][], kind: Kind, random: Random): Written {
  const last = groups.length - 1;
  const texts = groups.map((changes, i) => {
    const lines = changes.map((change) => Buffer.from(lineOf(change)).toString());
    return `${i === 0 ? "[\n" : ",\n"}${lines.join(",\n")}${i === last ? "\n]\n" : ""}`;
  });
  const end = new Uint8Array(0);
  if (kind === "json")
    return { file: Buffer.from(texts.join("")), parts: groups.flat().map(lineIn(groups)), end };
  // At level 0 the text stands there as it is, so that what is damaged still unpacks, to something else.
  const members = texts.map((text) => gzipSync(text, { level: random.int(2) * 3 }));
  const parts = groups.map((changes, i) => ({ bytes: members[i] as Buffer, changes }));
  return { file: Buffer.concat(members), parts, end };
}

/** With what stands around it. */
const lineIn =
  (groups: readonly EncodedChange[][]) =>
  (change: EncodedChange): Part => {
    const isLast = change === groups.at(-1)?.at(-1);
    const text = `\n${Buffer.from(lineOf(change))}${isLast ? "" : ","}\n`;
    return { bytes: Buffer.from(text), changes: [change] };
  };

/** By key. */
export const byKey = (changes: readonly EncodedChange[]): Map<string, EncodedChange> =>
  new Map(changes.map((change) => [changeKey(change), change]));

export const dataOf = (target: BackupTarget, run: SceneRun): Promise<Uint8Array> =>
  readFile(target, run.path);
