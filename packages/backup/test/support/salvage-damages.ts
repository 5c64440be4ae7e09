// Damage to the data files of a chain, drawn at random: what disks and copies that were broken off leave.
import { flipBit } from "./files.js";
import type { Files } from "./overlay.js";
import type { Random } from "./random.js";
import type { SceneRun } from "./salvage-scenes.js";

type Damage = (file: Uint8Array, random: Random) => [Uint8Array | undefined, string];

const flip: Damage = (file, random) => {
  const bit = random.int(file.length * 8);
  return [flipBit(file, bit), `bit ${bit} flipped`];
};

const flips: Damage = (file, random) => {
  let copy = file;
  const bits = Array.from({ length: 2 + random.int(4) }, () => random.int(file.length * 8));
  for (const bit of bits) copy = flipBit(copy, bit);
  return [copy, `bits ${bits} flipped`];
};

const range = (file: Uint8Array, random: Random): [number, number] => {
  const start = random.int(file.length);
  return [start, Math.min(file.length, start + 1 + random.int(600))];
};

const zero: Damage = (file, random) => {
  const [start, end] = range(file, random);
  return [file.slice().fill(0, start, end), `bytes ${start} to ${end} zeroed`];
};

const noise: Damage = (file, random) => {
  const [start, end] = range(file, random);
  const copy = file.slice();
  copy.set(random.bytes(end - start), start);
  return [copy, `noise in bytes ${start} to ${end}`];
};

const cut: Damage = (file, random) => {
  const length = random.int(file.length);
  return [file.slice(0, length), `cut to ${length}`];
};

const longer: Damage = (file, random) => [
  Buffer.concat([file, random.bytes(1 + random.int(200))]),
  "bytes added at the end",
];

/** What is before the first block must stay: nobody finds blocks in front of where they can be. */
const shorter: Damage = (file, random) => {
  const start = Math.min(file.length, 10 + random.int(file.length));
  const end = start + 1 + random.int(50);
  return [Buffer.concat([file.slice(0, start), file.slice(end)]), `bytes ${start} to ${end} gone`];
};

/** The end of a pack: its index and its trailer. */
const tail: Damage = (file, random) => {
  const bit = (file.length - 1 - random.int(Math.min(file.length, 120))) * 8;
  return [flipBit(file, bit), `bit ${bit}, near the end, flipped`];
};

const gone: Damage = () => [undefined, "gone"];

const DAMAGES: readonly Damage[] = [
  ...[flip, flip, flips, flips, zero, zero, noise, noise],
  ...[cut, longer, shorter, tail, tail, gone],
];

export interface DrawnDamage {
  readonly files: Files;
  readonly what: string;
}

/** One to three of them. */
export function drawDataDamage(
  files: Files,
  runs: readonly SceneRun[],
  random: Random,
): DrawnDamage {
  const damaged = new Map(files);
  const what: string[] = [];
  for (let left = 1 + random.int(3); left > 0; left--) {
    const { path } = runs[random.int(runs.length)] as SceneRun;
    const file = damaged.get(path);
    if (file === undefined || file.length === 0) continue;
    const damage = DAMAGES[random.int(DAMAGES.length)] as Damage;
    const [bytes, words] = damage(file, random);
    if (bytes === undefined) damaged.delete(path);
    else damaged.set(path, bytes);
    what.push(`${path}: ${words}`);
  }
  return { files: damaged, what: what.join("; ") };
}

/** And one or two of the manifests or the index lost, or with a flipped bit. */
export function drawAnyDamage(
  files: Files,
  runs: readonly SceneRun[],
  random: Random,
): DrawnDamage {
  const drawn = drawDataDamage(files, random.int(3) === 0 ? runs : runs.slice(-1), random);
  const damaged = new Map(drawn.files);
  const what = [drawn.what];
  for (let left = 1 + random.int(2); left > 0; left--) {
    const { id } = runs[random.int(runs.length)] as SceneRun;
    const path = random.int(2) === 0 ? "metadata.json" : `${id}/metadata.json`;
    const bytes = damaged.get(path);
    if (bytes === undefined) continue;
    const bit = random.int(bytes.length * 8);
    if (random.int(2) === 0) damaged.delete(path);
    else damaged.set(path, flipBit(bytes, bit));
    what.push(damaged.has(path) ? `${path}: bit ${bit} flipped` : `${path}: gone`);
  }
  return { files: damaged, what: what.join("; ") };
}
