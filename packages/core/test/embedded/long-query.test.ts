// A query that has to look at many keys does so in slices: others have their turn, the page stays exact.
import { beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedBackend, Mutation, StorageNamespace } from "../../src/index.js";
import { ID, Kept } from "./kept.js";

const RECORDS = 25_000;
const name = (i: number): string => `key${String(i).padStart(6, "0")}`;

let backend: EmbeddedBackend;
let namespace: StorageNamespace;

beforeAll(async () => {
  backend = await new Kept().backend();
  namespace = await backend.namespace(ID);
  const put = (i: number): Mutation => ({
    type: "put",
    key: name(i),
    value: new Uint8Array(0),
    tags: [i % 2 === 0 ? "even" : "odd", "all", ...(i === 24_001 ? ["even"] : [])],
  });
  await namespace.commit(Array.from({ length: RECORDS }, (_, i) => put(i)));
});

describe("a long query", () => {
  it("finds the only match far behind", async () => {
    const query = { all: ["even", "odd"], total: true };
    expect(await namespace.query(query)).toEqual({ items: [name(24_001)], total: 1 });
  });

  it("counts all matches", async () => {
    const { items, total, cursor } = await namespace.query({
      any: ["even", "odd"],
      none: ["no"],
      limit: 1,
      total: true,
    });
    expect({ items, total }).toEqual({ items: [name(0)], total: RECORDS });
    const next = await namespace.query({ any: ["odd"], cursor: cursor as string, limit: 1 });
    expect(next.items).toEqual([name(1)]);
  });

  it("lets others write meanwhile and answers from one view", async () => {
    const querying = namespace.query({ all: ["all"], none: ["even"], limit: 10_000, total: true });
    await Promise.resolve();
    await namespace.commit([
      { type: "put", key: name(1), value: new Uint8Array(0), tags: ["even"] },
    ]);
    expect((await querying).total).toBe(RECORDS / 2 - 1);
    expect((await namespace.query({ all: ["odd"], none: ["even"], total: true })).total).toBe(
      RECORDS / 2 - 2,
    );
  });

  it("can be called off", async () => {
    const controller = new AbortController();
    const querying = namespace.query({ all: ["even", "odd"], signal: controller.signal });
    controller.abort(new Error("never mind"));
    await expect(querying).rejects.toThrow("never mind");
  });

  it("ends with NADB_CLOSED when the backend closes under it", async () => {
    const kept = new Kept();
    const other = await kept.backend();
    const filled = await other.namespace(ID);
    const mutations = Array.from(
      { length: 12_000 },
      (_, i): Mutation => ({
        type: "put",
        key: name(i),
        value: new Uint8Array(0),
        tags: ["a"],
      }),
    );
    await filled.commit(mutations);
    const querying = expect(filled.query({ all: ["a"], none: ["a"] })).rejects.toMatchObject({
      code: "NADB_CLOSED",
    });
    await other.close();
    await querying;
  });
});
