// What is interrupted changes nothing: a source that fails, a signal, a writer that stands still and never goes on.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import { aborts } from "../../assertions.js";
import type { TargetLaw } from "../bench.js";
import {
  assertSame,
  failingAfter,
  HeldSource,
  pathsOf,
  patterned,
  readAll,
  textOf,
  write,
} from "../files.js";

/** Chunks of a small file, and of one that no target takes in one piece. */
const DRAFTS = [[patterned(10, 1)], [patterned(700_000, 1), patterned(700_000, 2)]];

async function rejection(call: Promise<void>): Promise<unknown> {
  return call.then(
    () => assert.fail("the write succeeded, it should have failed"),
    (error: unknown) => error,
  );
}

async function unchanged(target: BackupTarget): Promise<void> {
  assert.deepEqual(await pathsOf(target), ["a/old"]);
  assert.equal(await textOf(target, "a/old"), "old");
  assert.equal(await target.size("a/new"), undefined);
}

export const interrupted: TargetLaw = {
  name: "interrupted work",
  cases: {
    "a source that fails changes nothing, and its error is told": async ({ target }) => {
      await write(target, "a/old", "old");
      for (const chunks of [[], ...DRAFTS]) {
        for (const path of ["a/old", "a/new", "b/new"]) {
          for (const ifAbsent of [false, true]) {
            const failure = new Error("the source failed");
            const call = target.write(path, failingAfter(chunks, failure), { ifAbsent });
            assert.equal(await rejection(call), failure);
            await unchanged(target);
          }
        }
      }
    },
    "a write whose signal has spoken before changes nothing": async ({ target }) => {
      await write(target, "a/old", "old");
      const signal = AbortSignal.abort();
      for (const chunks of DRAFTS) {
        for (const path of ["a/old", "a/new"])
          await aborts(signal, () => target.write(path, chunks, { signal }));
      }
      await unchanged(target);
    },
    "a write that is aborted on its way changes nothing": async ({ target }) => {
      await write(target, "a/old", "old");
      for (const chunks of DRAFTS) {
        for (const path of ["a/old", "a/new"]) {
          const controller = new AbortController();
          const { signal } = controller;
          const source = abortingAfter(chunks, controller);
          await aborts(signal, () => target.write(path, source, { signal }));
          await unchanged(target);
        }
      }
    },
    "a source is let go when its write ends early": async ({ target }) => {
      const controller = new AbortController();
      let isOver = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          yield patterned(10, 1);
          controller.abort();
          yield patterned(10, 2);
          assert.fail("the source was read on");
        } finally {
          isOver = true;
        }
      }
      const { signal } = controller;
      await aborts(signal, () => target.write("a/new", source(), { signal }));
      assert.ok(isOver);
    },
    "a read whose signal has spoken before brings nothing": async ({ target }) => {
      const signal = AbortSignal.abort();
      await write(target, "large", patterned(1_200_000, 1));
      await aborts(signal, () => readAll(target, "large", { signal }));
    },
    "a read stops when it is aborted": async ({ target }) => {
      const whole = 1 << 21;
      await write(target, "file", new Uint8Array(whole));
      const controller = new AbortController();
      const { signal } = controller;
      let read = 0;
      await aborts(signal, async () => {
        for await (const chunk of target.read("file", { signal })) {
          read += chunk.length;
          controller.abort();
        }
      });
      assert.ok(read < whole);
    },
    "a read that is left early leaves the file as it is": async ({ target }) => {
      const content = patterned(1_200_000, 1);
      await write(target, "file", content);
      for (let round = 0; round < 3; round++) for await (const _ of target.read("file")) break;
      assertSame(await readAll(target, "file"), content, "the file");
    },
    "a writer that stands still hinders nobody, and ends as if it had come late": async ({
      target,
    }) => {
      for (const chunks of DRAFTS) {
        const still = new HeldSource(chunks, new Error("the writer has died"));
        const dying = target.write("a/file", still, { ifAbsent: true });
        dying.catch(() => undefined);
        await still.isWaiting;
        assert.deepEqual(await pathsOf(target), []);
        await write(target, "a/file", "by another", { ifAbsent: true });
        await write(target, "a/beside", patterned(700_000, 3));
        await target.remove("a/beside");
        still.release();
        assert.equal(await rejection(dying), still.failure);
        assert.equal(await textOf(target, "a/file"), "by another");
        assert.deepEqual(await pathsOf(target), ["a/file"]);
        await target.remove("a");
      }
    },
  },
};

async function* abortingAfter(
  chunks: Iterable<Uint8Array>,
  controller: AbortController,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  controller.abort();
  yield patterned(10, 9);
}
