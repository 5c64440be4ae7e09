// What a target asks of its backend: pieces of bounded size, few at a time, and for a listing the keys of one folder.
import { type KeyQuery, memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { backendTarget } from "../../src/index.js";
import { keysIn, withNamespaces } from "../support/backend-files.js";
import { readFile, writeFile } from "../support/files.js";
import { override } from "../support/override.js";

interface Asked {
  readonly prefixes: (string | undefined)[];
  readonly read: string[];
  readonly written: { readonly key: string; readonly bytes: number }[];
}

function asked(inner: StorageBackend): Asked & { readonly backend: StorageBackend } {
  const all: Asked = { prefixes: [], read: [], written: [] };
  const backend = withNamespaces(inner, (namespace) => ({
    keys: (query: KeyQuery = {}) => {
      all.prefixes.push(query.prefix);
      return namespace.keys(query);
    },
    getMany: (keys, options) => {
      all.read.push(...keys);
      return namespace.getMany(keys, options);
    },
    commit: (mutations, options) => {
      for (const one of mutations)
        all.written.push({ key: one.key, bytes: one.type === "put" ? one.value.length : 0 });
      return namespace.commit(mutations, options);
    },
  }));
  return { ...all, backend };
}

describe("a target asks its backend", () => {
  it("for values of 512 KiB at most", async () => {
    const { backend, written } = asked(memoryBackend());
    const length = 3 * 524_288 + 7;
    await writeFile(backendTarget(backend), "a/file", new Uint8Array(length));
    const pieces = written.filter(({ key }) => key.startsWith("piece/"));
    expect(pieces.map(({ bytes }) => bytes)).toEqual([524_288, 524_288, 524_288, 7]);
    expect(Math.max(...written.map(({ bytes }) => bytes))).toBe(524_288);
  });

  it("for no more than the backend takes", async () => {
    const inner = memoryBackend();
    const capabilities = { ...inner.capabilities, maxValueBytes: 1_000 };
    const { backend, written } = asked(override(inner, { capabilities }));
    for (const length of [400, 480, 600, 995, 1_000, 5_000]) {
      const target = backendTarget(backend);
      await writeFile(target, "a/file", new Uint8Array(length));
      expect(await readFile(target, "a/file")).toHaveLength(length);
    }
    expect(Math.max(...written.map(({ bytes }) => bytes))).toBe(1_000);
  });

  it("for one commit where a file is small", async () => {
    const { backend, written } = asked(memoryBackend());
    const target = backendTarget(backend);
    await writeFile(target, "claim", "");
    written.splice(0);
    await writeFile(target, "a/lease-000001.json", "x".repeat(4_096));
    expect(written.map(({ key }) => key)).toEqual(["file/a/lease-000001.json"]);
  });

  it("for the keys of the folder it lists, and for no pieces", async () => {
    const { backend, prefixes, read } = asked(memoryBackend());
    const target = backendTarget(backend);
    for (const path of ["a/large", "b/large"])
      await writeFile(target, path, new Uint8Array(600_000));
    prefixes.splice(0);
    read.splice(0);
    await target.list("a");
    await target.size("a/large");
    expect(prefixes).toEqual(["file/a/"]);
    expect(read).toEqual(["file/a/large", "file/a/large"]);
  });

  it("for the pieces of a range only", async () => {
    const { backend, read } = asked(memoryBackend());
    const target = backendTarget(backend, { pieceBytes: 1_000 });
    await writeFile(target, "file", new Uint8Array(10_000));
    read.splice(0);
    for await (const _ of target.read("file", { start: 2_999, end: 4_001 }));
    expect(read.map((key) => key.slice(-8))).toEqual([
      "file/file".slice(-8),
      "00000002",
      "00000003",
      "00000004",
    ]);
  });

  it("for so much at a time: a source waits for a backend that is slow", async () => {
    const inner = memoryBackend();
    const held: (() => void)[] = [];
    const backend = withNamespaces(inner, (namespace) => ({
      commit: async (mutations, options) => {
        if (mutations[0]?.key.startsWith("piece/"))
          await new Promise<void>((resolve) => held.push(resolve));
        return namespace.commit(mutations, options);
      },
    }));
    let given = 0;
    let isOver = false;
    function* source(): Generator<Uint8Array> {
      for (; given < 40; given++) yield new Uint8Array(1_000);
    }
    const writing = backendTarget(backend, { pieceBytes: 1_000 })
      .write("file", source())
      .finally(() => {
        isOver = true;
      });
    for (let committed = 0; !isOver; ) {
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      expect(given - committed).toBeLessThanOrEqual(7);
      expect(held.length).toBeLessThanOrEqual(4);
      committed += held.length > 0 ? 1 : 0;
      held.shift()?.();
    }
    await writing;
    expect((await keysIn(inner)).filter((key) => key.startsWith("piece/"))).toHaveLength(40);
  });
});
