// Transactions: reads that see their own writes, somebody who writes in between, and bodies that throw.
import assert from "node:assert/strict";
import type { Mutation, Transaction, Value } from "@nadb/core";
import fc from "fast-check";
import { remove } from "../generate.js";
import { type DrawnEntry, entry, key, lastingEntry, optionsOf, putOf } from "./draws.js";
import { steps } from "./step.js";
import type { World } from "./world.js";

type Part =
  | { readonly does: "get" | "delete"; readonly key: string }
  | { readonly does: "set"; readonly entry: DrawnEntry };

interface Drawn {
  readonly parts: readonly Part[];
  /** Set by another in the course of the first attempt. It lasts, so that whoever has read the key must notice. */
  readonly meanwhile?: DrawnEntry;
  readonly throws: boolean;
}

const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant("get" as const), key }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("delete" as const), key }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("set" as const), entry }) },
);

const drawn: fc.Arbitrary<Drawn> = fc.record(
  {
    parts: fc.array(part, { maxLength: 5 }),
    throws: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    meanwhile: lastingEntry,
  },
  { requiredKeys: ["parts", "throws"] },
);

export const transaction = steps(
  "transaction",
  drawn,
  async (world, { parts: all, meanwhile, throws }) => {
    const parts = world.isTransactional ? all : ofOneKey(all);
    const failure = new Error("the body throws");
    let attempts = 0;
    let written: readonly Mutation[] = [];
    const done = world.store.transaction(async (tx) => {
      attempts += 1;
      written = await play(world, tx, parts);
      if (attempts === 1 && meanwhile !== undefined) await interfere(world, meanwhile);
      if (throws) throw failure;
    });
    if (throws) return assert.rejects(done, (error) => error === failure);
    await done;
    world.apply(written);
    const mustRetry = meanwhile !== undefined && written.length > 0 && reads(parts, meanwhile.key);
    if (mustRetry) assert.equal(attempts, 2, "attempts where another has written what was read");
  },
);

const keyOf = (part: Part): string => (part.does === "set" ? part.entry.key : part.key);

/** A transaction that any backend can commit. */
const ofOneKey = (parts: readonly Part[]): readonly Part[] =>
  parts.filter((part) => keyOf(part) === keyOf(parts[0] as Part));

/** Answers what the transaction has written. */
async function play(
  world: World,
  tx: Transaction<Uint8Array, Value>,
  parts: readonly Part[],
): Promise<readonly Mutation[]> {
  const own = new Map<string, Mutation>();
  for (const one of parts) {
    if (one.does === "get") await checkRead(world, tx, one.key, own.get(one.key));
    else own.set(...write(world, tx, one));
  }
  return [...own.values()];
}

function write(
  { now }: World,
  tx: Transaction<Uint8Array, Value>,
  part: Part,
): [key: string, mutation: Mutation] {
  if (part.does === "set") {
    tx.set(part.entry.key, part.entry.text, optionsOf(part.entry, now));
    return [part.entry.key, putOf(part.entry, now)];
  }
  tx.delete(part.key);
  return [part.key, remove(part.key)];
}

async function checkRead(
  world: World,
  tx: Transaction<Uint8Array, Value>,
  key: string,
  own: Mutation | undefined,
): Promise<void> {
  const expected = own === undefined ? world.get(key)?.value : readableValue(own, world.now);
  const found = await tx.get(key);
  const shown = `${JSON.stringify(key)} in a transaction`;
  assert.deepEqual(found && new Uint8Array(found), expected, shown);
}

function readableValue(mutation: Mutation, now: number): Uint8Array | undefined {
  if (mutation.type === "delete") return undefined;
  return mutation.expiresAt === undefined || now < mutation.expiresAt ? mutation.value : undefined;
}

async function interfere(world: World, entry: DrawnEntry): Promise<void> {
  world.wrote(entry.key, await world.store.set(entry.key, entry.text, optionsOf(entry, world.now)));
  world.apply([putOf(entry, world.now)]);
}

/** Whether the transaction reads the key before it writes it. */
function reads(parts: readonly Part[], key: string): boolean {
  const first = parts.find((one) => keyOf(one) === key);
  return first?.does === "get";
}
