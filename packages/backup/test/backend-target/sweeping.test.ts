// What no head names: how long it stays, and for whom.
import { memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupTarget, backendTarget } from "../../src/index.js";
import {
  keysIn,
  leftoversIn,
  NAMESPACE,
  singleKeyBackend,
  withNamespaces,
} from "../support/backend-files.js";
import { failureOf, refuses } from "../support/fails.js";
import { pathsOf, readFile, writeFile } from "../support/files.js";
import { Clock } from "../support/store.js";

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
const large = (fill: number): Uint8Array => new Uint8Array(5_000).fill(fill);

function openBoth(backend: StorageBackend = memoryBackend()) {
  const clock = new Clock();
  const open = (): BackupTarget => backendTarget(backend, { pieceBytes: 700, clock: clock.now });
  return { clock, backend, first: open(), second: open() };
}

/** A source that stands still behind its bytes until it is let go. */
function held(content: Uint8Array) {
  let tell: () => void = () => undefined;
  let release: () => void = () => undefined;
  const isWaiting = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const mayGo = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* source(): AsyncGenerator<Uint8Array> {
    yield content;
    tell();
    await mayGo;
  }
  return { source: source(), isWaiting, release };
}

const countOf = async (backend: StorageBackend, prefix: string): Promise<number> =>
  (await keysIn(backend)).filter((key) => key.startsWith(prefix)).length;

describe.each([
  ["with transactions", () => memoryBackend()],
  ["whose commits name one key", () => singleKeyBackend()],
])("leftovers in a backend %s", (_, make) => {
  it("of a write, a removal or a failure there are none", async () => {
    const { backend, first } = openBoth(make());
    await writeFile(first, "a/file", large(1));
    await first.write("b/file", [large(2)], { ifAbsent: true });
    await refuses("NADB_ALREADY_EXISTS", () =>
      first.write("b/file", [large(3)], { ifAbsent: true }),
    );
    await failureOf(() => first.write("c/file", failing()));
    expect(await leftoversIn(backend)).toEqual([]);
    await first.remove("a");
    await first.remove("b/file");
    expect(await keysIn(backend)).toEqual(["nadb-target"]);
  });

  it("of a replaced file stay for those who read it, and go after ten minutes", async () => {
    const { backend, clock, first, second } = openBoth(make());
    await writeFile(first, "file", large(1));
    await writeFile(first, "file", large(2));
    clock.time += 10 * MINUTE_MS - 1;
    await writeFile(second, "other", large(3));
    expect(await countOf(backend, "piece/")).toBe(24);
    clock.time += 1;
    await writeFile(second, "other", new Uint8Array(10)); // small files do not sweep
    await second.remove("nothing");
    expect(await countOf(backend, "piece/")).toBe(16); // "other" was replaced, too
    clock.time += 10 * MINUTE_MS;
    await second.remove("nothing");
    expect(await leftoversIn(backend)).toEqual([]);
    expect(await readFile(first, "file")).toEqual(large(2));
  });

  it("a write that goes on is left alone for a week, by whomever", async () => {
    const { clock, first, second } = openBoth(make());
    const { source, isWaiting, release } = held(large(1));
    const writing = first.write("file", source);
    await isWaiting;
    clock.time += WEEK_MS - 1;
    await second.remove("nothing");
    await writeFile(second, "other", large(2));
    release();
    await writing;
    expect(await pathsOf(second)).toEqual(["file", "other"]);
    expect(await readFile(second, "file")).toEqual(large(1));
  });

  it("a write that took longer is swept, and fails; the file stays as it was", async () => {
    const { backend, clock, first, second } = openBoth(make());
    await writeFile(first, "file", large(1));
    const { source, isWaiting, release } = held(large(2));
    const writing = first.write("file", source);
    writing.catch(() => undefined);
    await isWaiting;
    clock.time += WEEK_MS;
    await second.remove("nothing");
    release();
    await refuses("NADB_CONFLICT", () => writing, "file");
    expect(await readFile(second, "file")).toEqual(large(1));
    clock.time += 10 * MINUTE_MS;
    await second.remove("nothing");
    expect(await leftoversIn(backend)).toEqual([]);
  });

  it("a pending record of what the file holds goes, the file stays", async () => {
    const { backend, clock, first } = openBoth(make());
    await writeFile(first, "file", large(1));
    const [piece] = (await keysIn(backend)).filter((key) => key.startsWith("piece/"));
    const id = piece?.split("/")[1];
    const namespace = await backend.namespace(NAMESPACE);
    const pending = { path: "file", owner: "", until: clock.time };
    const value = Buffer.from(JSON.stringify(pending));
    await namespace.commit([{ type: "put", key: `pending/${id}`, value }]);
    await first.remove("nothing");
    expect(await leftoversIn(backend)).toEqual([]);
    expect(await readFile(first, "file")).toEqual(large(1));
  });
});

describe("a sweeper that is faster than the clock of the writer", () => {
  it("makes the write fail where commits can expect its note", async () => {
    const backend = memoryBackend();
    const late = new Clock();
    const first = backendTarget(backend, { pieceBytes: 700, clock: () => late.time - WEEK_MS });
    const second = backendTarget(backend, { pieceBytes: 700, clock: late.now });
    const { source, isWaiting, release } = held(large(1));
    const writing = first.write("file", source);
    writing.catch(() => undefined);
    await isWaiting;
    await second.remove("nothing");
    release();
    await refuses("NADB_CONFLICT", () => writing);
    expect(await second.size("file")).toBeUndefined();
    expect(await leftoversIn(backend)).toEqual([]);
  });
});

describe("a commit of which nobody knows whether it happened", () => {
  it("keeps the pieces, for it may name them", async () => {
    const inner = memoryBackend();
    let isLost = false;
    const backend = withNamespaces(inner, (namespace) => ({
      commit: async (mutations, options) => {
        const commit = await namespace.commit(mutations, options);
        if (isLost && mutations.some(({ key }) => key.startsWith("file/"))) {
          throw Object.assign(new Error("the connection was lost"), {
            name: "NadbError",
            code: "NADB_COMMIT_UNKNOWN",
          });
        }
        return commit;
      },
    }));
    const { first, second } = openBoth(backend);
    await writeFile(first, "claim", "");
    isLost = true;
    await refuses("NADB_COMMIT_UNKNOWN", () => writeFile(first, "file", large(1)));
    expect(await readFile(second, "file")).toEqual(large(1));
  });
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield large(4);
  throw new Error("the source failed");
}
