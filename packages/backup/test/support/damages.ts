// Everything that can be wrong with a backup, as a table: verification and restore must agree on each row.
import type { BackupTarget } from "../../src/index.js";
import { flipBit, patchFile, readFile, sha256Hex, writeFile } from "./files.js";
import { type Json, readJson, seal, writeJson } from "./manifest.js";
import { type BlockSpec, blocksOf, build, decode, raw } from "./pack.js";
import { record } from "./store.js";

export const DATA = "b/data.nadb";
export const MANIFEST = "b/metadata.json";

export interface Damage {
  readonly name: string;
  readonly what: "unreadable" | "newer";
  /** Stands in the message; always together with the file's path. */
  readonly says: string;
  readonly file: typeof DATA | typeof MANIFEST;
  /** REQUIRES: backup "b" of a few blocks, stored as they are, and another backup "c". */
  readonly make: (target: BackupTarget) => Promise<void>;
}

const data = (
  name: string,
  change: (file: Uint8Array) => Uint8Array,
  says: string,
  what: Damage["what"] = "unreadable",
): Damage => ({
  name,
  what,
  says,
  file: DATA,
  make: (target) => patchFile(target, DATA, change),
});

/** Where in the file a bit is flipped. */
const flip = (name: string, at: (file: Uint8Array) => number, says: string): Damage =>
  data(`a bit flipped in ${name}`, (file) => flipBit(file, at(file) * 8), says);

const block = (file: Uint8Array, i: number) => {
  const found = blocksOf(file)[i];
  if (found === undefined) throw new Error(`the backup has no block ${i}`);
  return found;
};

function swapped(file: Uint8Array): Uint8Array {
  const [a, b] = [block(file, 0), block(file, 1)];
  if (a.length !== b.length || a.changeCount !== b.changeCount) throw new Error("not alike");
  const copy = new Uint8Array(file);
  copy.set(file.subarray(b.offset, b.offset + b.length), a.offset);
  copy.set(file.subarray(a.offset, a.offset + a.length), b.offset);
  return copy;
}

const manifest = (name: string, make: Damage["make"], says: string): Damage => ({
  name,
  what: "unreadable",
  says,
  file: MANIFEST,
  make,
});

const edited =
  (edit: Json, sealed: boolean): Damage["make"] =>
  async (target) => {
    const json = { ...(await readJson(target, MANIFEST)), ...edit };
    await writeJson(target, MANIFEST, sealed ? seal(json) : json);
  };

/** A manifest whose own checksum is right and which does not fit the data. */
const misfit = (field: string, value: unknown): Damage => ({
  name: `a manifest forged to another ${field}`,
  what: "unreadable",
  says:
    field === "stored_size"
      ? "its manifest says"
      : field.replace("_", field.startsWith("state") ? " " : "_"),
  file: DATA,
  make: edited({ [field]: value }, true),
});

/** Another data file, and a manifest that fits it. */
export async function replaceData(target: BackupTarget, file: Uint8Array): Promise<void> {
  await writeFile(target, DATA, file);
  await edited({ checksum: `sha256:${sha256Hex(file)}`, stored_size: file.length }, true)(target);
}

export function stored(changes: readonly Uint8Array[]): BlockSpec {
  const payload = raw(...changes);
  return { codec: 0, changeCount: changes.length, rawLength: payload.length, payload };
}

/** A data file of other changes, with all its checksums, and the manifest's, right. */
const forged = (
  name: string,
  change: (changes: Uint8Array[]) => Uint8Array[],
  says: string,
): Damage => ({
  name: `a data file forged with ${name}`,
  what: "unreadable",
  says,
  file: DATA,
  make: async (target) => {
    const changes = change(await decode(await readFile(target, DATA)));
    await replaceData(target, build({ blocks: [stored(changes)], recordCount: changes.length }));
  },
});

export const damages: readonly Damage[] = [
  { ...data("", (x) => x, "missing"), name: "no data file", make: (at) => at.remove(DATA) },
  data("an empty data file", () => new Uint8Array(0), "has 0 bytes"),
  data("a data file short of one byte", (file) => file.subarray(0, -1), "its manifest says"),
  data("half a data file", (file) => file.subarray(0, file.length / 2), "its manifest says"),
  data("a byte too many", (file) => Buffer.concat([file, Buffer.of(0)]), "its manifest says"),
  flip("the magic", () => 3, "no pack"),
  flip("a block's mark", (file) => block(file, 1).offset, "neither block nor index"),
  flip("a block's codec", (file) => block(file, 1).offset + 1, "checksum"),
  flip("a block's counts", (file) => block(file, 0).offset + 5, "checksum"),
  flip("a block's length", (file) => block(file, 0).offset + 10, "unpack"),
  flip("the first block", (file) => block(file, 0).offset + 500, "block at byte 10"),
  flip("the second block", (file) => block(file, 1).offset + 500, "checksum"),
  flip("a block's checksum", (file) => block(file, 1).offset - 1, "block at byte 10"),
  flip("the index", (file) => file.length - 80, "index"),
  flip("the trailer's offset", (file) => file.length - 25, "trailer"),
  flip("the trailer's counts", (file) => file.length - 17, "trailer"),
  flip("the last byte", (file) => file.length - 1, "trailer"),
  data("two blocks of one length swapped", swapped, "out of order"),
  data("a foreign file of the same length", (file) => file.slice().fill(0x50), "no pack"),
  data("zeros", (file) => file.slice().fill(0), "no pack"),
  data("a file of zeros at its end", (file) => file.slice().fill(0, -4_096), "byte"),
  data(
    "a newer pack",
    (file) => {
      const copy = file.slice();
      copy.set([0, 99], 8);
      return copy;
    },
    "version 99",
    "newer",
  ),
  manifest("an empty manifest", (target) => writeFile(target, MANIFEST, ""), "no JSON"),
  manifest(
    "a manifest cut short",
    (target) => patchFile(target, MANIFEST, (file) => file.subarray(0, -9)),
    "no JSON",
  ),
  manifest("a manifest of something else", (at) => writeFile(at, MANIFEST, "{}"), "no manifest"),
  manifest("an edited manifest", edited({ record_count: 1 }, false), "its own checksum"),
  manifest(
    "the manifest of another backup",
    async (target) => writeFile(target, MANIFEST, await readFile(target, "c/metadata.json")),
    "another backup",
  ),
  {
    ...manifest("a newer manifest", edited({ format_version: 2 }, true), "version 2"),
    what: "newer",
  },
  misfit("checksum", `sha256:${"00".repeat(32)}`),
  misfit("stored_size", 1),
  misfit("record_count", 1),
  misfit("tombstone_count", 1),
  misfit("file_count", 1),
  misfit("total_size", 1),
  misfit("state_digest", "00".repeat(32)),
  forged(
    "one record changed",
    ([first, ...rest]) => {
      const changed = (first as Uint8Array).slice();
      changed.fill(0x21, -1);
      return [changed, ...rest];
    },
    "state digest",
  ),
  forged(
    "one expiry changed",
    ([first, ...rest]) => [(first as Uint8Array).slice().fill(1, 32, 33), ...rest],
    "state digest",
  ),
  forged(
    "one record twice",
    ([, second, ...rest]) => [second as Uint8Array, second as Uint8Array, ...rest],
    "out of order",
  ),
  forged("one record missing", ([, ...rest]) => rest, "record_count"),
  forged("one record more", (changes) => [...changes, record("l")], "record_count"),
  forged("one record at a wrong place", (changes) => [...changes, record("a")], "out of order"),
  forged(
    "a key that is no UTF-8",
    ([first, ...rest]) => [(first as Uint8Array).slice().fill(0xff, 35, 36), ...rest],
    "UTF-8",
  ),
  forged(
    "an unknown kind of change",
    ([first, ...rest]) => [(first as Uint8Array).slice().fill(9, 0, 1), ...rest],
    "begins with",
  ),
];
