// A file is what was written, byte for byte.
import assert from "node:assert/strict";
import { refuses } from "../../assertions.js";
import type { TargetLaw } from "../bench.js";
import { assertSame, inParts, patterned, readAll, textOf, write } from "../files.js";

/** At and around the lengths that targets cut or read by. */
const LENGTHS = [0, 1, 2, 511, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537].concat([
  1 << 18,
  (1 << 18) + 1,
  (1 << 19) - 1,
  1 << 19,
  (1 << 19) + 1,
  3 * (1 << 19),
  1_700_001,
]);

export const contents: TargetLaw = {
  name: "contents",
  cases: {
    "of any length are read as they were written": async ({ target }) => {
      for (const length of LENGTHS) {
        const content = patterned(length, length);
        await write(target, "x/data", content);
        assert.equal(await target.size("x/data"), length);
        assertSame(await readAll(target, "x/data"), content, `${length} bytes`);
      }
    },
    "of 20 MiB are read as they were written": async ({ target }) => {
      const content = patterned(20 << 20, 1);
      await target.write("x/large", inParts(content, 1_000_003));
      assert.equal(await target.size("x/large"), content.length);
      assertSame(await readAll(target, "x/large"), content, "20 MiB");
    },
    "do not depend on how the source cuts them": async ({ target, random }) => {
      const content = random.bytes(300_000);
      for (const length of [1 + random.int(100), 999, 65_536, 150_001, 300_000]) {
        await target.write("file", inParts(content, length));
        assertSame(await readAll(target, "file"), content, `in parts of ${length}`);
      }
    },
    "may come in empty chunks, from an iterable or a stream": async ({ target }) => {
      const nothing = new Uint8Array();
      const chunks = [
        nothing,
        new Uint8Array([1]),
        nothing,
        nothing,
        new Uint8Array([2, 3]),
        nothing,
      ];
      await target.write("iterable", chunks);
      await target.write("stream", asStream(chunks));
      await target.write("empty", [nothing, nothing]);
      await target.write("none", []);
      for (const path of ["iterable", "stream"])
        assert.deepEqual([...(await readAll(target, path))], [1, 2, 3]);
      for (const path of ["empty", "none"]) {
        assert.equal(await target.size(path), 0);
        assert.equal((await readAll(target, path)).length, 0);
      }
    },
    "stay, whatever becomes of the bytes that the caller gave": async ({ target }) => {
      for (const length of [6, 5_000, 200_000]) {
        const [given, kept] = [patterned(length, 3), patterned(length, 3)];
        await write(target, "file", given);
        given.fill(0);
        assertSame(await readAll(target, "file"), kept, `${length} bytes`);
      }
    },
    "stay when the source uses its bytes again at once": async ({ target }) => {
      await target.write("file", reusing(patterned(300_000, 5), 7_001));
      assertSame(await readAll(target, "file"), patterned(300_000, 5), "a source with one buffer");
    },
    "stay, whatever becomes of the bytes that were read": async ({ target }) => {
      for (const length of [6, 5_000, 200_000, 600_000]) {
        const content = patterned(length, 9);
        await write(target, "file", content);
        for await (const chunk of target.read("file")) chunk.fill(0);
        assertSame(await readAll(target, "file"), content, `${length} bytes`);
      }
    },
    "that are not there can not be read, and have no size": async ({ target }) => {
      assert.equal(await target.size("a/b"), undefined);
      await refuses("NADB_NOT_FOUND", () => readAll(target, "a/b"));
      await write(target, "a/c", "c");
      for (const path of ["a/b", "b", "a/c/d"])
        await refuses(["NADB_NOT_FOUND", "NADB_IO"], () => textOf(target, path));
      assert.equal(await target.size("a/b"), undefined);
    },
  },
};

async function* asStream(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Every chunk stands in the same bytes. */
async function* reusing(content: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const room = new Uint8Array(length);
  for (const part of inParts(content, length)) {
    room.set(part);
    yield room.subarray(0, part.length);
  }
}
