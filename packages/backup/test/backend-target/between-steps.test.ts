// What others do between two steps of one client: exactly there, by a backend that lets them.
import { memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupTarget, backendTarget } from "../../src/index.js";
import { leftoversIn, NAMESPACE, withNamespaces } from "../support/backend-files.js";
import { refuses } from "../support/fails.js";
import { pathsOf, readFile, writeFile } from "../support/files.js";

const WEEK_MS = 7 * 24 * 3_600_000;
const NOW = Date.UTC(2031, 4, 17);
const large = (fill: number): Uint8Array => new Uint8Array(5_000).fill(fill);

const open = (backend: StorageBackend, now = NOW): BackupTarget =>
  backendTarget(backend, { pieceBytes: 700, clock: () => now });

/** Runs `work` once, when the first key that begins so has been read, or is about to be. */
function onRead(
  inner: StorageBackend,
  prefix: string,
  when: "before" | "after",
  work: () => Promise<void>,
): StorageBackend {
  let isDone = false;
  const isNow = (keys: readonly string[]): boolean => !isDone && !!keys[0]?.startsWith(prefix);
  return withNamespaces(inner, (namespace) => ({
    getMany: async (keys, options) => {
      const isTime = isNow(keys);
      isDone ||= isTime;
      if (isTime && when === "before") await work();
      const records = await namespace.getMany(keys, options);
      if (isTime && when === "after") await work();
      return records;
    },
  }));
}

describe("between two steps", () => {
  it("a reader that has read nothing yet begins anew with the file that stands there now", async () => {
    const inner = memoryBackend();
    const writer = open(inner);
    for (const content of [large(2), new Uint8Array([9])]) {
      await writeFile(writer, "file", large(1));
      const backend = onRead(inner, "piece/", "before", async () => {
        await writer.remove("file");
        await writeFile(writer, "file", content);
      });
      expect(await readFile(open(backend), "file")).toEqual(content);
    }
  });

  it("a reader that has read nothing yet is told that the file has gone", async () => {
    const inner = memoryBackend();
    const writer = open(inner);
    await writeFile(writer, "file", large(1));
    const backend = onRead(inner, "piece/", "before", () => writer.remove("file"));
    await refuses("NADB_NOT_FOUND", () => readFile(open(backend), "file"), "file");
  });

  it("a reader in the middle is told that the file has gone", async () => {
    const writer = open(memoryBackend());
    await writeFile(writer, "file", large(1));
    const read = async () => {
      for await (const _ of writer.read("file")) await writer.remove("file");
    };
    await refuses("NADB_NOT_FOUND", read, "while it was being read");
  });

  it("a writer whose draft is being swept does not publish it", async () => {
    const inner = memoryBackend();
    let writing: Promise<unknown> = Promise.resolve();
    let release: () => void = () => undefined;
    const mayGo = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isWaiting = new Promise<void>((resolve) => {
      async function* source(): AsyncGenerator<Uint8Array> {
        yield large(1);
        resolve();
        await mayGo;
      }
      writing = open(inner, NOW)
        .write("file", source())
        .catch((error: unknown) => error);
    });
    await isWaiting;
    const backend = onRead(inner, "file/file", "after", async () => {
      release();
      expect(await writing).toMatchObject({ code: "NADB_CONFLICT" });
    });
    const sweeper = open(backend, NOW + WEEK_MS);
    await writeFile(sweeper, "other", large(2));
    expect(await sweeper.size("file")).toBeUndefined();
    expect(await readFile(sweeper, "other")).toEqual(large(2));
  });

  it("two who claim one namespace have one claim", async () => {
    const inner = memoryBackend();
    const first = open(inner);
    const backend = onRead(inner, "nadb-target", "after", () => writeFile(first, "a", "1"));
    const second = open(backend);
    await writeFile(second, "b", "2");
    const storage = await inner.namespace(NAMESPACE);
    for (const one of [first, second]) expect(await one.isInside?.(storage)).toBe(true);
    expect(await pathsOf(first)).toEqual(["a", "b"]);
  });

  it("who removes a file that is being replaced removes what it is by then, and leaves nothing", async () => {
    const inner = memoryBackend();
    const second = open(inner);
    await writeFile(second, "file", large(1));
    const backend = onRead(inner, "file/file", "after", () => writeFile(second, "file", large(2)));
    await open(backend).remove("file");
    expect(await second.size("file")).toBeUndefined();
    await open(inner, NOW + 11 * 60_000).remove("nothing");
    expect(await leftoversIn(inner)).toEqual([]);
  });

  it("two who replace one file leave that of one, whole", async () => {
    const inner = memoryBackend();
    const second = open(inner);
    await writeFile(second, "file", large(1));
    const backend = onRead(inner, "file/file", "after", () => writeFile(second, "file", large(2)));
    await writeFile(open(backend), "file", large(3));
    expect(await readFile(second, "file")).toEqual(large(3));
  });
});
