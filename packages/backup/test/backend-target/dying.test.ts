// A backend that dies around every commit that a target makes: the file is as it was or as it was to be, and what was left
// on the way goes once it is certain that nobody needs it. The same where a commit names one key only.
import { memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupTarget, backendTarget } from "../../src/index.js";
import { dyingBackend, leftoversIn, singleKeyBackend } from "../support/backend-files.js";
import { pathsOf, readFile, writeFile } from "../support/files.js";
import { Clock } from "../support/store.js";

const WEEK_MS = 7 * 24 * 3_600_000;
const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

/** Small pieces, so that a few kilobytes are many of them. */
const open = (backend: StorageBackend, clock: Clock): BackupTarget =>
  backendTarget(backend, { pieceBytes: 700, clock: clock.now });

interface Case {
  readonly before: Readonly<Record<string, Uint8Array>>;
  readonly operation: (target: BackupTarget) => Promise<void>;
  /** What each file may be afterwards. */
  readonly may: Readonly<Record<string, readonly (Uint8Array | undefined)[]>>;
}

const [small, large, other, another] = [
  bytes(20, 1),
  bytes(5_000, 2),
  bytes(4_000, 3),
  bytes(10, 4),
];

const CASES: Readonly<Record<string, Case>> = {
  "writing a small file": {
    before: { kept: large },
    operation: (target) => writeFile(target, "a/file", small),
    may: { "a/file": [undefined, small], kept: [large] },
  },
  "writing a large file": {
    before: { kept: large },
    operation: (target) => target.write("a/file", [large], { ifAbsent: true }),
    may: { "a/file": [undefined, large], kept: [large] },
  },
  "replacing a large file by a large one": {
    before: { "a/file": large },
    operation: (target) => writeFile(target, "a/file", other),
    may: { "a/file": [large, other] },
  },
  "replacing a large file by a small one": {
    before: { "a/file": large },
    operation: (target) => writeFile(target, "a/file", small),
    may: { "a/file": [large, small] },
  },
  "removing a folder": {
    before: { "a/file": large, "a/other": other, "a/small": small, kept: another },
    operation: (target) => target.remove("a"),
    may: {
      "a/file": [large, undefined],
      "a/other": [other, undefined],
      "a/small": [small, undefined],
      kept: [another],
    },
  },
  "the first write of all": {
    before: {},
    operation: (target) => writeFile(target, "file", large),
    may: { file: [undefined, large] },
  },
};

async function contentOf(target: BackupTarget, path: string): Promise<Uint8Array | undefined> {
  return (await target.size(path)) === undefined ? undefined : readFile(target, path);
}

async function expectOneOf(
  target: BackupTarget,
  path: string,
  may: readonly (Uint8Array | undefined)[],
): Promise<void> {
  const content = await contentOf(target, path);
  const isOne = may.some((one) => {
    if (one === undefined || content === undefined) return one === content;
    return Buffer.compare(one, content) === 0;
  });
  expect(isOne, `${path} has ${content?.length} bytes`).toBe(true);
  expect((await pathsOf(target)).includes(path)).toBe(content !== undefined);
}

/** Answers whether the operation came to its end. */
async function dieAt(
  steps: number,
  { before, operation, may }: Case,
  backend: StorageBackend,
): Promise<boolean> {
  const clock = new Clock();
  for (const [path, content] of Object.entries(before))
    await writeFile(open(backend, clock), path, content);
  const died = await operation(open(dyingBackend(backend, steps), clock)).then(
    () => false,
    () => true,
  );
  const next = open(backend, clock);
  for (const [path, contents] of Object.entries(may)) await expectOneOf(next, path, contents);
  clock.time += WEEK_MS;
  await writeFile(next, "later", large);
  for (const [path, contents] of Object.entries(may)) await expectOneOf(next, path, contents);
  expect(await leftoversIn(backend)).toEqual([]);
  return !died;
}

describe.each([
  ["with transactions", () => memoryBackend()],
  ["whose commits name one key", () => singleKeyBackend()],
])("a target in a backend that dies, %s", (_, make) => {
  it.each(Object.keys(CASES))("%s", async (name) => {
    let steps = 0;
    while (!(await dieAt(steps, CASES[name] as Case, make()))) steps++;
    expect(steps).toBeGreaterThan(1);
  });
});
