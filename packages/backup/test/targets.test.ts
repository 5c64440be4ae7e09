// What every target promises (target.ts), for those that come with this package; then what only a folder has.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  type BackupTarget,
  backendTarget,
  directoryTarget,
  memoryTarget,
  type ReadOptions,
} from "../src/index.js";
import { readWhole } from "../src/target.js";
import { failureOf, refuses } from "./support/fails.js";
import { pathsOf, readFile, temporaryFolder, writeFile } from "./support/files.js";
import { seeded } from "./support/random.js";

const textOf = async (target: BackupTarget, path: string): Promise<string> =>
  Buffer.from(await readFile(target, path)).toString();

async function* failing(error: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half of ");
  throw error;
}

const rangeOf = (start: number | undefined, end: number | undefined): ReadOptions => ({
  ...(start === undefined ? {} : { start }),
  ...(end === undefined ? {} : { end }),
});

async function chunksOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

const makers: readonly (readonly [string, () => BackupTarget])[] = [
  ["memory", memoryTarget],
  ["directory", () => directoryTarget(join(temporaryFolder(), "not", "yet", "there"))],
  ["backend", () => backendTarget(memoryBackend())],
  ["backend, in small pieces", () => backendTarget(memoryBackend(), { pieceBytes: 1_000 })],
];

describe.each(makers)("target › %s", (_, make) => {
  it("is empty to begin with, and nothing missing is an error but reading it", async () => {
    const target = make();
    expect(await target.list("")).toEqual([]);
    expect(await target.list("a")).toEqual([]);
    expect(await target.size("a/b")).toBeUndefined();
    await target.remove("a");
    await refuses("NADB_NOT_FOUND", () => readFile(target, "a/b"));
  });

  it("gives back what was written, of any length", async () => {
    const target = make();
    for (const length of [0, 1, 1 << 18, (1 << 18) + 1, 700_000]) {
      const content = seeded().bytes(length);
      await writeFile(target, "x/data", content);
      expect(await target.size("x/data")).toBe(length);
      expect(Buffer.compare(await readFile(target, "x/data"), content)).toBe(0);
    }
  });

  it("reads a range, and of one that goes beyond the end what is there", async () => {
    const target = make();
    const content = seeded().bytes((1 << 18) + 1_000);
    await writeFile(target, "x/data", content);
    const { length } = content;
    const ranges = [
      [0, length],
      [0, 1],
      [1, 2],
      [length - 1, length],
      [10, (1 << 18) + 10],
      [(1 << 16) - 1, (1 << 16) + 1],
      [length - 5, length + 5],
      [length, length + 1],
      [length + 7, length + 9],
      [7, 7],
      [5, undefined],
      [undefined, 5],
      [0, Number.MAX_SAFE_INTEGER],
    ] as const;
    for (const [start, end] of ranges) {
      const read = Buffer.concat(await chunksOf(target.read("x/data", rangeOf(start, end))));
      expect(Buffer.compare(read, content.subarray(start, end)), `${start} to ${end}`).toBe(0);
    }
  });

  it("reads nothing beside the range", async () => {
    const target = make();
    await writeFile(target, "file", seeded().bytes(300_000));
    for (const [start, end] of [
      [100, 200],
      [0, 70_000],
      [65_530, 299_999],
    ] as const) {
      const chunks = await chunksOf(target.read("file", { start, end }));
      expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(end - start);
      const room = chunks.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
      expect(room).toBeLessThanOrEqual(end - start);
    }
  });

  it("refuses a range that is none, and a missing file also for an empty one", async () => {
    const target = make();
    await writeFile(target, "file", "12345");
    for (const [start, end] of [
      [-1, 2],
      [3, 2],
      [0.5, 2],
      [0, 2.5],
      [0, Number.NaN],
      [Number.POSITIVE_INFINITY, undefined],
    ] as const) {
      const options = rangeOf(start, end);
      await refuses("NADB_INVALID_ARGUMENT", () => chunksOf(target.read("file", options)));
    }
    await refuses("NADB_NOT_FOUND", () => chunksOf(target.read("nosuch", { start: 0, end: 0 })));
  });

  it("keeps what it was given, whatever becomes of the caller's bytes", async () => {
    const target = make();
    const bytes = Buffer.from("before");
    await writeFile(target, "file", bytes);
    bytes.fill(0);
    expect(await textOf(target, "file")).toBe("before");
    for await (const chunk of target.read("file")) chunk.fill(0);
    expect(await textOf(target, "file")).toBe("before");
  });

  it("lists one folder at a time, with names, kinds and sizes", async () => {
    const target = make();
    await writeFile(target, "top", "four");
    await writeFile(target, "a/one", "1");
    await writeFile(target, "a/deep/two", "22");
    const byName = (folder: string) =>
      target
        .list(folder)
        .then((entries) => [...entries].sort((x, y) => (x.name < y.name ? -1 : 1)));
    expect(await byName("")).toEqual([
      { name: "a", type: "folder", size: 0 },
      { name: "top", type: "file", size: 4 },
    ]);
    expect(await byName("a")).toEqual([
      { name: "deep", type: "folder", size: 0 },
      { name: "one", type: "file", size: 1 },
    ]);
  });

  it("a write replaces a file as a whole", async () => {
    const target = make();
    await writeFile(target, "file", "a long first version");
    await writeFile(target, "file", "second");
    expect(await textOf(target, "file")).toBe("second");
  });

  it("a write with ifAbsent leaves what is there", async () => {
    const target = make();
    await target.write("a/file", [Buffer.from("first")], { ifAbsent: true });
    await refuses("NADB_ALREADY_EXISTS", () =>
      target.write("a/file", [Buffer.from("second")], { ifAbsent: true }),
    );
    expect(await textOf(target, "a/file")).toBe("first");
    expect(await pathsOf(target)).toEqual(["a/file"]);
  });

  it("of several writes with ifAbsent at once exactly one wins", async () => {
    const target = make();
    const writers = Array.from({ length: 8 }, (_, i) =>
      target.write("a/file", [Buffer.from(`writer ${i}`)], { ifAbsent: true }),
    );
    const outcomes = await Promise.allSettled(writers);
    const won = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
    expect(won).toHaveLength(1);
    expect(await textOf(target, "a/file")).toBe(`writer ${won[0]}`);
    expect(await pathsOf(target)).toEqual(["a/file"]);
  });

  it("a write whose source fails changes nothing and leaves nothing", async () => {
    const target = make();
    const failure = new Error("the source failed");
    await writeFile(target, "a/old", "old");
    for (const path of ["a/old", "a/new"]) {
      expect(await failureOf(() => target.write(path, failing(failure)))).toBe(failure);
    }
    expect(await pathsOf(target)).toEqual(["a/old"]);
    expect(await textOf(target, "a/old")).toBe("old");
  });

  it("a write that is aborted changes nothing and leaves nothing", async () => {
    const target = make();
    const controller = new AbortController();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half of ");
      controller.abort();
      yield Buffer.from("it");
    }
    const { signal } = controller;
    const error = await failureOf(() => target.write("a/file", chunks(), { signal }));
    expect(error).toBe(signal.reason);
    expect(await pathsOf(target)).toEqual([]);
  });

  it("a read stops when it is aborted", async () => {
    const target = make();
    await writeFile(target, "file", new Uint8Array(1 << 20));
    const controller = new AbortController();
    let read = 0;
    const error = await failureOf(async () => {
      for await (const chunk of target.read("file", { signal: controller.signal })) {
        read += chunk.length;
        controller.abort();
      }
    });
    expect(error).toBe(controller.signal.reason);
    expect(read).toBeLessThan(1 << 20);
  });

  it("remove takes a file, or a folder with all it holds, and no other", async () => {
    const target = make();
    for (const path of ["a/one", "a/deep/two", "ab/three", "b"]) await writeFile(target, path, "");
    await target.remove("a/one");
    expect(await pathsOf(target)).toEqual(["a/deep/two", "ab/three", "b"]);
    await target.remove("a");
    expect(await pathsOf(target)).toEqual(["ab/three", "b"]);
    expect(await target.list("a")).toEqual([]);
  });

  it("does not hold itself for gone", () => {
    const target = make();
    expect(target.isGone(target.owner)).toBe(false);
  });

  it("readWhole refuses more than it was told to take", async () => {
    const target = make();
    await writeFile(target, "file", "12345");
    expect(await readWhole(target, "file", 5)).toHaveLength(5);
    await refuses("NADB_CORRUPTION", () => readWhole(target, "file", 4), "file");
  });
});

/** Undefined when the folder has gone. */
function namesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

/** Looks at every turn of the event loop. */
async function whileRunning(work: Promise<void>, look: () => void): Promise<void> {
  let running = true;
  const over = work.finally(() => {
    running = false;
  });
  while (running) {
    look();
    await new Promise(setImmediate);
  }
  await over;
}

describe("target › directory", () => {
  it.skipIf(!existsSync("/proc/self"))("where nobody can make a folder it fails", async () => {
    for (const path of ["/proc/nope", "/proc/nope/deeper"])
      await refuses("NADB_IO", () => writeFile(directoryTarget(path), "file", "1"), path);
  });

  const deadProcess = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

  /** A temporary file's name as a live target writes it, with another process id. */
  async function temporaryName(folder: string, pid: number): Promise<string> {
    let name = "";
    async function* look(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1);
      name = readdirSync(folder).find((file) => file.startsWith(".")) as string;
    }
    await directoryTarget(folder).write("probe", look());
    expect(name).toContain(`-${process.pid}-`);
    return name.replace(`-${process.pid}-`, `-${pid}-`);
  }

  it("two targets on one folder write one file at once, and it ends as one of theirs", async () => {
    const folder = temporaryFolder();
    const contents = ["first", "second"].map((word) => word.repeat(100_000));
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        contents.map((content) => writeFile(directoryTarget(folder), "file", content)),
      );
      expect(contents).toContain(await textOf(directoryTarget(folder), "file"));
    }
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("a file that vanishes while its folder is listed does not hide the others", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "kept"), "1");
    mkdirSync(join(folder, "sub"));
    symlinkSync(join(folder, "nowhere"), join(folder, "gone")); // listed, and not there when looked at
    const entries = await directoryTarget(folder).list("");
    expect(entries.map(({ name }) => name).sort()).toEqual(["kept", "sub"]);
  });

  it("what is being written is not listed", async () => {
    const folder = temporaryFolder();
    const target = directoryTarget(folder);
    const seen: unknown[] = [];
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      seen.push(await target.list("a"), await target.size("a/file"));
    }
    await target.write("a/file", chunks());
    expect(seen).toEqual([[], undefined]);
  });

  it("what a dead process was writing is not listed, and goes with the next write", async () => {
    const folder = temporaryFolder();
    const left = await temporaryName(folder, deadProcess());
    writeFileSync(join(folder, left), "half");
    const target = directoryTarget(folder);
    expect((await target.list("")).map(({ name }) => name)).toEqual(["probe"]);
    await writeFile(target, "file", "");
    expect(readdirSync(folder).sort()).toEqual(["file", "probe"]);
  });

  it("what a live process, or another machine, is writing stays", async () => {
    const folder = temporaryFolder();
    const ours = await temporaryName(folder, process.ppid);
    const theirs = (await temporaryName(folder, deadProcess())).replace(/[0-9a-f]{8}/, "00000000");
    for (const name of [ours, theirs]) writeFileSync(join(folder, name), "half");
    await writeFile(directoryTarget(folder), "file", "");
    expect(readdirSync(folder).sort()).toEqual([theirs, ours, "file", "probe"].sort());
  });

  it("what lay about for a week goes, too, whoever wrote it", async () => {
    const folder = temporaryFolder();
    const theirs = (await temporaryName(folder, 1)).replace(/[0-9a-f]{8}/, "00000000");
    mkdirSync(join(folder, theirs));
    const lastWeek = Date.now() / 1_000 - 7 * 24 * 3_600 - 1;
    utimesSync(join(folder, theirs), lastWeek, lastWeek);
    await writeFile(directoryTarget(folder), "file", "");
    expect(readdirSync(folder).sort()).toEqual(["file", "probe"]);
  });

  it("a folder is never seen without its first file, or with half of its files", async () => {
    const root = temporaryFolder();
    const target = directoryTarget(root);
    const work = async () => {
      for (let round = 0; round < 40; round++) {
        await target.write("a/one", [Buffer.from("1")], { ifAbsent: true });
        await target.remove("a");
      }
    };
    let looks = 0;
    await whileRunning(work(), () => {
      if (!existsSync(join(root, "a"))) return;
      const found = readdirSync(root).includes("a") ? namesIn(join(root, "a")) : undefined;
      if (found !== undefined) expect(found).toEqual(["one"]);
      looks++;
    });
    expect(looks).toBeGreaterThan(10);
  });

  it("knows a dead process of this machine, and only that, to be gone", async () => {
    const target = directoryTarget(temporaryFolder());
    const here = target.owner.slice(0, target.owner.lastIndexOf(" "));
    expect(target.isGone(`${here} ${deadProcess()}`)).toBe(true);
    expect(target.isGone(`${here} ${process.ppid}`)).toBe(false);
    expect(target.isGone(`elsewhere ${deadProcess()}`)).toBe(false);
    for (const foreign of ["", " ", "memory", `${here} `, `${here} x`]) {
      expect(target.isGone(foreign)).toBe(false);
    }
  });

  it("a file where a folder should be is an error of the operating system", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "mine");
    const target = directoryTarget(join(folder, "file"));
    await refuses("NADB_IO", () => writeFile(target, "a", "x"), join(folder, "file"));
    await refuses("NADB_IO", () => readFile(directoryTarget(folder), ""), folder);
  });

  it("makes its folder with the first write, not before", async () => {
    const folder = join(temporaryFolder(), "later");
    const target = directoryTarget(folder);
    await target.list("");
    await target.remove("a");
    expect(existsSync(folder)).toBe(false);
    await writeFile(target, "a", "");
    expect(existsSync(folder)).toBe(true);
  });
});
