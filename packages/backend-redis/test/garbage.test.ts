// What is left of old contents is deleted in steps, to its end, however much there is of one kind.
import { describe, expect, it } from "vitest";
import { backend, ID, namespace, put } from "./faults/support.js";
import { sharedServer, until } from "./servers/index.js";

const server = sharedServer();
/** The server does not make a hash smaller before nine tenths of it are gone. */
const TAGS = 20_000;
const STEP = 1_000;

async function filled() {
  const store = await backend({ url: server().url });
  const one = await store.namespace(ID);
  for (let i = 0; i < TAGS; i += STEP) {
    const own = Array.from({ length: STEP }, (_, j) => put(`k${i + j}`, 1, [`tag${i + j}`]));
    await one.commit(own);
  }
  return { store, one };
}

const keysLeft = async (pattern: string): Promise<string[]> =>
  (await server().call("KEYS", pattern)) as string[];

describe("a content of many tags", () => {
  it("is dropped to its last key", async () => {
    const { store } = await filled();
    await store.drop(ID);
    const left = await keysLeft("nadb:*");
    expect(left.filter((key) => !key.includes(":dropped:"))).toEqual([]);
  });

  it("that is replaced goes, and the next load need not wait for ever", async () => {
    const { one } = await filled();
    const { generation } = await one.head();
    await (await one.replace()).commit();
    await (await (await namespace({ url: server().url })).merge()).abort();
    await until("that it is gone", async () =>
      (await keysLeft(`*:${generation}:*`)).length === 0 ? true : undefined,
    );
    expect(await keysLeft("*:garbage")).toEqual([]);
  });
});
