// Whatever is done, drawn by chance: files, listings and sizes are those of a Map after every step.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import { isNadbError } from "@nadb/core";
import { refuses } from "../../assertions.js";
import type { Random } from "../../random.js";
import type { TargetBench, TargetLaw } from "../bench.js";
import { assertSame, failingAfter, inParts, pathsOf, patterned, readAll } from "../files.js";

type Model = Map<string, Uint8Array>;

interface Play {
  readonly target: BackupTarget;
  readonly random: Random;
  readonly model: Model;
}

const FOLDERS = ["", "a/", "ab/", "a/b/", "a/b/c/", "b.c/"];
const FILES = ["one", "two", "metadata.json", "data.nadb"];
const LENGTHS = [0, 1, 300, 4_096, 4_200, 70_000, 530_000];

const drawPath = (random: Random): string => `${random.pick(FOLDERS)}${random.pick(FILES)}`;

const drawContent = (random: Random): Uint8Array => {
  const length = random.pick(LENGTHS);
  return patterned(length === 0 ? 0 : length + random.int(3), random.int(256));
};

const drawParts = (random: Random, content: Uint8Array): Iterable<Uint8Array> =>
  inParts(content, 1 + random.int(Math.max(1, content.length)));

async function replace({ target, random, model }: Play): Promise<string> {
  const [path, content] = [drawPath(random), drawContent(random)];
  await target.write(path, drawParts(random, content));
  model.set(path, content);
  return `write ${path}, ${content.length} bytes`;
}

async function make({ target, random, model }: Play): Promise<string> {
  const [path, content] = [drawPath(random), drawContent(random)];
  const write = () => target.write(path, drawParts(random, content), { ifAbsent: true });
  if (model.has(path)) await refuses("NADB_ALREADY_EXISTS", write);
  else {
    await write();
    model.set(path, content);
  }
  return `write ${path} if absent, ${content.length} bytes`;
}

async function fail({ target, random }: Play): Promise<string> {
  const [path, content] = [drawPath(random), drawContent(random)];
  const failure = new Error("the source failed");
  const ifAbsent = random.oneIn(2);
  const source = failingAfter(drawParts(random, content), failure);
  await target.write(path, source, { ifAbsent }).then(
    () => assert.fail("the write succeeded"),
    (error) => {
      if (error !== failure && !isNadbError(error, "NADB_ALREADY_EXISTS")) throw error;
    },
  );
  return `fail to write ${path}`;
}

async function removeFile({ target, random, model }: Play): Promise<string> {
  const path = drawPath(random);
  await target.remove(path);
  model.delete(path);
  return `remove ${path}`;
}

async function removeFolder({ target, random, model }: Play): Promise<string> {
  const folder = random.pick(FOLDERS.slice(1));
  await target.remove(folder.slice(0, -1));
  for (const path of [...model.keys()]) if (path.startsWith(folder)) model.delete(path);
  return `remove ${folder}`;
}

async function readRange({ target, random, model }: Play): Promise<string> {
  const path = drawPath(random);
  const content = model.get(path);
  const start = random.int(1 + (content?.length ?? 0));
  const end = start + random.int(600_000);
  const read = () => readAll(target, path, { start, end });
  if (content === undefined) await refuses("NADB_NOT_FOUND", read);
  else assertSame(await read(), content.subarray(start, end), `${path} from ${start} to ${end}`);
  return `read ${path} from ${start} to ${end}`;
}

const STEPS = [replace, replace, replace, make, make, fail, removeFile, removeFolder, readRange];

async function assertHolds({ target, model }: Play): Promise<void> {
  assert.deepEqual(await pathsOf(target), [...model.keys()].sort());
  for (const folder of FOLDERS) {
    for (const { name, type, size } of await target.list(folder.slice(0, -1)))
      if (type === "file") assert.equal(size, model.get(`${folder}${name}`)?.length, name);
  }
}

async function playOnce({ target, random }: TargetBench, steps: number): Promise<void> {
  const play: Play = { target, random, model: new Map() };
  const done: string[] = [];
  try {
    for (let i = 0; i < steps; i++) {
      done.push(await random.pick(STEPS)(play));
      await assertHolds(play);
    }
    for (const [path, content] of play.model)
      assertSame(await readAll(target, path), content, path);
  } catch (error) {
    if (error instanceof Error) error.message += `\nafter:\n  ${done.join("\n  ")}`;
    throw error;
  }
}

export const sequences: TargetLaw = {
  name: "any sequence",
  cases: Object.fromEntries(
    [1, 2, 3, 4, 5].map((round) => [
      `of writes, removals and reads is as of a Map (${round})`,
      (bench: TargetBench) => playOnce(bench, 60),
    ]),
  ),
};
