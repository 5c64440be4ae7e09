// What stands in the namespace and is not as a target wrote it is told as damage, never taken for data.
import { memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { backendTarget } from "../../src/index.js";
import { keysIn, NAMESPACE } from "../support/backend-files.js";
import { refuses } from "../support/fails.js";
import { pathsOf, readFile, writeFile } from "../support/files.js";

const content = new Uint8Array(5_000).map((_, i) => i);

async function written(): Promise<StorageBackend> {
  const backend = memoryBackend();
  await writeFile(backendTarget(backend, { pieceBytes: 1_000 }), "a/file", content);
  return backend;
}

const put = async (backend: StorageBackend, key: string, value: Uint8Array): Promise<void> => {
  await (await backend.namespace(NAMESPACE)).commit([{ type: "put", key, value }]);
};

const pieceOf = async (backend: StorageBackend, number: number): Promise<string> =>
  (await keysIn(backend)).filter((key) => key.startsWith("piece/"))[number] as string;

describe("damage in a backend", () => {
  it("of a head leaves pieces that it may have named, whoever sweeps", async () => {
    const backend = await written();
    const at = (now: number) => backendTarget(backend, { pieceBytes: 1_000, clock: () => now });
    await writeFile(at(0), "a/file", content.toReversed());
    await put(backend, "file/a/file", Buffer.from("damaged"));
    await at(11 * 60_000).remove("nothing");
    const keys = await keysIn(backend);
    expect(keys.filter((key) => key.startsWith("pending/"))).toEqual([]);
    expect(keys.filter((key) => key.startsWith("piece/"))).toHaveLength(10);
  });

  it.each([0, 2, 4])("piece %i is missing", async (number) => {
    const backend = await written();
    const key = await pieceOf(backend, number);
    await (await backend.namespace(NAMESPACE)).commit([{ type: "delete", key }]);
    await refuses("NADB_CORRUPTION", () => readFile(backendTarget(backend), "a/file"), "a/file");
  });

  it.each([
    ["shorter", 999],
    ["longer", 1_001],
    ["empty", 0],
  ])("a piece is %s", async (_, length) => {
    const backend = await written();
    await put(backend, await pieceOf(backend, 1), new Uint8Array(length));
    await refuses("NADB_CORRUPTION", () => readFile(backendTarget(backend), "a/file"));
  });

  it.each([
    ["empty", ""],
    ["no JSON", "x\n"],
    ["without its line's end", '{"size":1}'],
    ["of a length that is none", '{"size":-1}\n'],
    ["longer than it says", '{"size":1}\nab'],
    ["shorter than it says", '{"size":3}\nab'],
    ["of pieces without a name", '{"size":3,"content":"x","piece_size":1}\n'],
    ["of pieces without a length", `{"size":3,"content":"${"0".repeat(32)}","piece_size":0}\n`],
    ["of both", `{"size":3,"content":"${"0".repeat(32)}","piece_size":1}\nabc`],
    ["without an end to its line", "{".repeat(10_000)],
  ])("a head is %s: the file is listed, can not be read, and can be replaced", async (_, head) => {
    const backend = await written();
    await put(backend, "file/a/file", Buffer.from(head));
    const target = backendTarget(backend);
    expect(await pathsOf(target)).toEqual(["a/file"]);
    expect(await target.size("a/file")).toBe(0);
    await refuses("NADB_CORRUPTION", () => readFile(target, "a/file"), "a/file");
    await writeFile(target, "a/file", "new");
    expect(await readFile(target, "a/file")).toEqual(new TextEncoder().encode("new"));
    await put(backend, "file/a/file", Buffer.from(head));
    await target.remove("a/file");
    expect(await pathsOf(target)).toEqual([]);
  });
});
