// A put may carry a seal: the namespace keeps other bytes than the value's, and counts and hashes by the seal. The
// laws are those of plain values, seen through it.
import assert from "node:assert/strict";
import {
  encodeRecord,
  type Mutation,
  type Put,
  recordContent,
  type Seal,
  type StoredRecord,
  sha256,
} from "@nadb/core";
import { changesNothing, contentOf, refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import { drawMutations, encodeAll, foreign, put, puts, remove, text } from "../generate.js";
import type { Law } from "../law.js";
import type { Random } from "../random.js";
import {
  applyRun,
  assertEndsTrue,
  get,
  type Measure,
  measure,
  measured,
  mustGet,
  readRun,
  readState,
  type State,
} from "../runs.js";

/** The same put with its value turned round: as long as before, and its writer can turn it back. */
function seal(plain: Put): Put {
  const record = foreign(plain.key, "", {
    value: plain.value,
    tags: [...new Set(plain.tags)].sort(),
    ...(plain.expiresAt === undefined ? {} : { expiresAt: plain.expiresAt }),
  });
  return { ...plain, value: shorten(plain.value), seal: sealOf(record) };
}

/** Other bytes than the value's, and fewer: a backend that counts or hashes those can not get away with it. */
const shorten = (value: Uint8Array): Uint8Array => value.slice(value.length >> 1).reverse();

const sealOf = (record: StoredRecord): Seal => ({
  length: record.value.length,
  contentHash: new Uint8Array(sha256(recordContent(encodeRecord(record)))),
});

const sealRecord = (record: StoredRecord): StoredRecord => ({
  ...record,
  value: shorten(record.value),
  seal: sealOf(record),
});

const sealSome = (random: Random, mutations: readonly Mutation[]): Mutation[] =>
  mutations.map((one) => (one.type === "put" && random.oneIn(2) ? seal(one) : one));

export const seals: Law = {
  name: "sealed values",
  cases: {
    "come back as they were put, with their seals": async ({ namespace, clock }) => {
      const sealed = seal(put("a", "a value", { tags: ["b", "a"], expiresAt: clock.now() + 9 }));
      await namespace.commit([sealed]);
      const record = await mustGet(namespace, "a");
      assert.deepEqual(record.seal, sealed.seal);
      assert.deepEqual(record.value, sealed.value);
      assert.deepEqual(record.tags, ["a", "b"]);
      assert.equal(record.expiresAt, clock.now() + 9);
    },

    "are told from plain ones, which have no seal": async (bench) => {
      await bench.write([put("plain"), seal(put("sealed"))]);
      assert.equal("seal" in (await mustGet(bench.namespace, "plain")), false);
      assert.equal("seal" in (await mustGet(bench.namespace, "sealed")), true);
    },

    "are counted and hashed as their seals say, so the head is that of the plain ones": async (
      bench,
    ) => {
      const plain = await bench.other("plain");
      const content = [
        ...puts(20),
        put("tagged", "a value", { tags: ["x", "y"] }),
        put("expiring", "a value", { expiresAt: bench.clock.now() + 9_000 }),
        put("empty", ""),
      ];
      await bench.write(content, plain);
      await bench.write(content.map(seal));
      assert.deepEqual(await headOf(bench), await headOf(bench, plain));
    },

    "may be longer or shorter than the bytes that stand for them": async ({ namespace }) => {
      const record = foreign("a", "a value of some length");
      for (const value of [text(""), text("short"), text("x".repeat(5_000))]) {
        await namespace.commit([{ type: "put", key: "a", value, seal: sealOf(record) }]);
        assert.deepEqual((await mustGet(namespace, "a")).value, value);
        assert.equal((await namespace.head()).digest, measure([record]).digest);
        assert.equal((await namespace.head()).bytes, record.value.length);
      }
    },

    "overwrite plain ones and are overwritten, and nothing of a seal stays": async ({
      namespace,
    }) => {
      const plain = put("a", "plain", { tags: ["t"] });
      for (const one of [plain, seal(put("a", "other")), seal(plain), plain, seal(plain), plain]) {
        await namespace.commit([one]);
        assert.deepEqual((await mustGet(namespace, "a")).seal, one.seal);
        assertEndsTrue(await readRun(namespace, null));
      }
      assert.equal(
        (await namespace.head()).digest,
        measure([foreign("a", "plain", { tags: ["t"] })]).digest,
      );
    },

    "are gone when deleted or swept": async (bench) => {
      const { namespace, clock } = bench;
      const expiresAt = clock.now() + 5;
      await bench.write([seal(put("a")), seal(put("b", "b", { expiresAt }))]);
      await namespace.commit([remove("a")]);
      clock.advance(5);
      assert.equal(await get(namespace, "b"), undefined);
      assert.equal(await namespace.sweep(clock.now(), 10), 1);
      assert.deepEqual(await headOf(bench), measure([]));
    },

    "stand in the feed with their seals": async (bench) => {
      const { namespace } = bench;
      const { checkpoint } = await bench.write([put("a"), seal(put("b"))]);
      const before = await readState(namespace);
      assert.deepEqual(before.get("b"), await mustGet(namespace, "b"));
      await bench.write([seal(put("a", "new")), put("b", "new"), seal(put("c"))]);
      const run = await readRun(namespace, checkpoint);
      assertEndsTrue(run, before);
      assert.deepEqual(applyRun(before, run), await readState(namespace));
      assert.deepEqual(before.get("a"), await mustGet(namespace, "a"));
    },

    "are loaded with their seals, counted and hashed by them": async (bench) => {
      const records = [
        foreign("a", "a value", { tags: ["t"] }),
        foreign("b", "another value", { expiresAt: bench.clock.now() + 9 }),
        foreign("c"),
      ];
      const sealed = [...records.slice(0, 2).map(sealRecord), records[2] as StoredRecord];
      for (const kind of ["replace", "merge"] as const) {
        await bench.write([seal(put("a", "old")), put("b", "old")]);
        const load = await bench.namespace[kind]();
        await load.put(encodeAll(sealed));
        const expectDigest = measure(records).digest;
        const { digest, count } = await load.commit({ expectDigest });
        assert.deepEqual([digest, count], [expectDigest, 3]);
        assert.deepEqual(await headOf(bench), measure(records));
        for (const record of sealed) {
          assert.deepEqual(
            contentOf(await mustGet(bench.namespace, record.key)),
            contentOf(record),
          );
        }
      }
    },

    "stay as they are whatever the caller does to its buffers": async ({ namespace }) => {
      const sealed = seal(put("a", "a value"));
      const before = structuredClone(sealed);
      const commit = namespace.commit([sealed]);
      sealed.value.fill(0);
      sealed.seal?.contentHash.fill(0);
      await commit;
      const record = await mustGet(namespace, "a");
      assert.deepEqual([record.value, record.seal], [before.value, before.seal]);
      const [handed] = await namespace.getMany(["a"]);
      handed?.seal?.contentHash.fill(0);
      assert.deepEqual((await mustGet(namespace, "a")).seal, before.seal);
    },

    "survive close and open (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const sealed = seal(put("a", "a value"));
      await bench.namespace.commit([sealed]);
      const before = await bench.namespace.head();
      await bench.reopen();
      assert.deepEqual(await bench.namespace.head(), before);
      assert.deepEqual((await mustGet(bench.namespace, "a")).seal, sealed.seal);
    },

    "among plain ones leave the head true after any history": async (bench) => {
      const { namespace, clock, random } = bench;
      const copy: State = new Map();
      let since = null;
      for (let step = 1; step <= 60; step++) {
        await bench.write(sealSome(random, drawMutations(random, clock.now(), 5)));
        if (random.oneIn(4)) clock.advance(random.int(800));
        if (random.oneIn(10)) await namespace.sweep(clock.now(), 1 + random.int(5));
        if (step % 10 !== 0) continue;
        const run = await readRun(namespace, since);
        assertEndsTrue(run, copy);
        since = run.end.checkpoint;
        assert.deepEqual(copy, await readState(namespace));
      }
    },

    ...refusals(),
  },
};

const headOf = async (bench: Bench, namespace = bench.namespace): Promise<Measure> =>
  measured(await namespace.head());

function refusals(): Law["cases"] {
  const contentHash = new Uint8Array(32);
  const bad: Record<string, unknown> = {
    "whose seal says a length below 0 are refused": { length: -1, contentHash },
    "whose seal says half a byte are refused": { length: 0.5, contentHash },
    "whose seal says no length are refused": { contentHash },
    "whose seal has a hash of 31 bytes are refused": { length: 1, contentHash: new Uint8Array(31) },
    "whose seal has a hash that is a string are refused": {
      length: 1,
      contentHash: "0".repeat(32),
    },
    "whose seal is null are refused": null,
  };
  const cases: Record<string, (bench: Bench) => Promise<void>> = {
    "longer than the backend takes are refused": (bench) =>
      refusesSeal(bench, { length: bench.capabilities.maxValueBytes + 1, contentHash }),
  };
  for (const [name, value] of Object.entries(bad)) {
    cases[name] = (bench) => refusesSeal(bench, value);
  }
  return cases;
}

async function refusesSeal({ namespace }: Bench, bad: unknown): Promise<void> {
  await namespace.commit([put("a", "before")]);
  const sealed = put("a", "after", { seal: bad as Seal });
  await changesNothing(namespace, () =>
    refuses("NADB_INVALID_ARGUMENT", () => namespace.commit([sealed])),
  );
}
