// Damage to a repository, drawn at random: what disks, people and forgers do.

import { stored } from "./damages.js";
import { flipBit, sha256Hex } from "./files.js";
import { type Json, seal } from "./manifest.js";
import type { Files } from "./overlay.js";
import { build, decode } from "./pack.js";
import type { Random } from "./random.js";

export interface Drawn {
  readonly files: Files;
  /** In words, for the message of a case that fails. */
  readonly what: string;
}

type Damage = (files: Map<string, Uint8Array>, random: Random) => Promise<string> | string;

const pick = <T>(items: readonly T[], random: Random): T => items[random.int(items.length)] as T;
const paths = (files: Files): string[] => [...files.keys()].sort();
const get = (files: Files, path: string): Uint8Array => files.get(path) as Uint8Array;
const idsOf = (files: Files): string[] => [
  ...new Set(
    paths(files).flatMap((path) => (path.includes("/") ? path.split("/")[0] : []) as string[]),
  ),
];
const manifests = (files: Files): string[] =>
  paths(files).filter((path) => path.endsWith("/metadata.json"));
const dataFiles = (files: Files): string[] => paths(files).filter((path) => path.includes("/data"));

const bits: Damage = (files, random) => {
  const path = pick(paths(files), random);
  const bytes = get(files, path);
  if (bytes.length === 0) return "nothing";
  const bit = random.int(bytes.length * 8);
  files.set(path, flipBit(bytes, bit));
  return `bit ${bit} of ${path}`;
};

const cut: Damage = (files, random) => {
  const path = pick(paths(files), random);
  const bytes = get(files, path);
  const length = random.int(bytes.length + 1);
  files.set(path, bytes.subarray(0, length));
  return `${path} cut to ${length}`;
};

const lose: Damage = (files, random) => {
  const path = pick(paths(files), random);
  files.delete(path);
  return `${path} lost`;
};

const loseFolder: Damage = (files, random) => {
  const id = pick(idsOf(files), random);
  for (const path of paths(files)) if (path.startsWith(`${id}/`)) files.delete(path);
  return `folder ${id} lost`;
};

const swap: Damage = (files, random) => {
  const all = random.int(2) === 0 ? manifests(files) : dataFiles(files);
  const [a, b] = [pick(all, random), pick(all, random)];
  const [x, y] = [get(files, a), get(files, b)];
  files.set(a, y);
  files.set(b, x);
  return `${a} and ${b} swapped`;
};

const double: Damage = (files, random) => {
  const id = pick(idsOf(files), random);
  for (const path of paths(files))
    if (path.startsWith(`${id}/`))
      files.set(`copy-of-${id}${path.slice(id.length)}`, get(files, path));
  return `folder ${id} doubled`;
};

const index: Damage = (files, random) => {
  if (random.int(2) === 0) files.delete("metadata.json");
  else files.set("metadata.json", Buffer.from("{}"));
  return "index lost";
};

const EDITS: readonly (readonly [string, unknown])[] = [
  ["label", "other"],
  ["sequence", 99],
  ["timestamp", "2020-01-01T00:00:00.000Z"],
  ["record_count", 1],
  ["total_size", 1],
  ["state_digest", "00".repeat(32)],
  ["to_checkpoint", "other"],
  ["to_version", 5],
  ["parent_checksum", "other"],
  ["parent_backup_id", "two"],
  ["stored_size", 1],
  ["format_version", 2],
  ["backup_id", "other"],
];

const forge: Damage = (files, random) => {
  const path = pick(manifests(files), random);
  const [name, value] = pick(EDITS, random);
  try {
    const json = JSON.parse(Buffer.from(get(files, path)).toString()) as Json;
    files.set(path, Buffer.from(JSON.stringify(seal({ ...json, [name]: value }))));
  } catch {
    return "nothing";
  }
  return `${name} of ${path} forged`;
};

/** One change of a run is another, and all checksums are right. */
const forgeData: Damage = async (files, random) => {
  const id = pick(idsOf(files), random);
  const [data, manifest] = [`${id}/data.nadb`, `${id}/metadata.json`];
  try {
    const changes = await decode(get(files, data));
    const at = random.int(changes.length);
    changes[at] = (changes[at] as Uint8Array).slice().fill(0x21, -1);
    const json = JSON.parse(Buffer.from(get(files, manifest)).toString()) as Json;
    const counts = {
      recordCount: Number(json.record_count),
      tombstoneCount: Number(json.tombstone_count),
    };
    const file = build({ blocks: [stored(changes)], ...counts });
    const edit = { checksum: `sha256:${sha256Hex(file)}`, stored_size: file.length };
    files.set(data, file);
    files.set(manifest, Buffer.from(JSON.stringify(seal({ ...json, ...edit }))));
    return `change ${at} of ${data} forged`;
  } catch {
    return "nothing";
  }
};

const LEASE = Buffer.from(JSON.stringify({ owner: "gone", expiresAt: 1, nonce: "00" }));

const leftovers: Damage = (files, random) => {
  const id = pick([...idsOf(files), "unfinished"], random);
  const [name, bytes] = pick(
    [
      ["lease-000007.json", LEASE],
      ["merge-000001.json", LEASE],
      ["piece-000001.nadb", Buffer.from("piece")],
      ["data-1600000000000-00000000.nadb", Buffer.from("merged, not yet named")],
    ] as const,
    random,
  );
  files.set(`${id}/${name}`, bytes);
  if (id === "unfinished") files.set(`${id}/lease-000001.json`, LEASE);
  files.set(
    "readers/00.json",
    Buffer.from(JSON.stringify({ owner: "x", expiresAt: 1, nonce: "00", backups: [id] })),
  );
  return `${id}/${name} left over`;
};

const DAMAGES: readonly Damage[] = [
  ...[bits, bits, cut, lose, lose],
  ...[loseFolder, swap, double, index, forge, forge, forgeData, leftovers],
];

/** One to three of them. */
export async function drawDamage(whole: Files, random: Random): Promise<Drawn> {
  const files = new Map(whole);
  const what: string[] = [];
  for (let left = 1 + random.int(3); left > 0; left--)
    if (idsOf(files).length > 0) what.push(await pick(DAMAGES, random)(files, random));
  return { files, what: what.join("; ") };
}
