// A read never mixes two contents: it goes on with what it began with, or fails as if the file were missing.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import { isNadbError } from "@nadb/core";
import type { TargetLaw } from "../bench.js";
import { assertSame, patterned, readAll, write } from "../files.js";

const LENGTH = 1_700_000;

/** Reads the first chunk, does something, and reads on. Undefined when the content went away under it. */
async function readAround(
  target: BackupTarget,
  path: string,
  meanwhile: () => Promise<void>,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of target.read(path)) {
      if (chunks.length === 0) await meanwhile();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND")) return undefined;
    throw error;
  }
}

export const whileReading: TargetLaw = {
  name: "while a file is read",
  cases: {
    "it may be replaced": async ({ target }) => {
      for (const length of [LENGTH, 10, LENGTH + 1]) {
        await write(target, "file", patterned(LENGTH, 1));
        const read = await readAround(target, "file", () =>
          write(target, "file", patterned(length, 2)),
        );
        if (read !== undefined) assertSame(read, patterned(LENGTH, 1), "what the read began with");
        assertSame(await readAll(target, "file"), patterned(length, 2), "what stands there now");
      }
    },
    "it may be removed": async ({ target }) => {
      await write(target, "a/file", patterned(LENGTH, 1));
      const read = await readAround(target, "a/file", () => target.remove("a"));
      if (read !== undefined) assertSame(read, patterned(LENGTH, 1), "what the read began with");
      assert.equal(await target.size("a/file"), undefined);
    },
    "it may be removed and made again": async ({ target }) => {
      await write(target, "a/file", patterned(LENGTH, 1));
      const read = await readAround(target, "a/file", async () => {
        await target.remove("a/file");
        await write(target, "a/file", patterned(LENGTH, 2));
      });
      if (read !== undefined) assertSame(read, patterned(LENGTH, 1), "what the read began with");
      assertSame(await readAll(target, "a/file"), patterned(LENGTH, 2), "what stands there now");
    },
    "others may read it, too": async ({ target }) => {
      const content = patterned(LENGTH, 1);
      await write(target, "file", content);
      const all = await Promise.all(Array.from({ length: 4 }, () => readAll(target, "file")));
      for (const read of all) assertSame(read, content, "one of four");
    },
  },
};
