// Commits take effect in the order of the calls, also those of a handle that has asked the server nothing yet.
import { describe, expect, it, onTestFinished } from "vitest";
import { redisBackend } from "../src/index.js";
import { sharedServer } from "./servers/index.js";

const server = sharedServer();
const COMMITS = 200;

describe("commits that nobody waits for", () => {
  it.each([1, 4])(
    "take effect in the order of the calls on a handle that is new, in %d partitions",
    async (partitions) => {
      const backend = redisBackend({ url: server().url, partitions });
      onTestFinished(() => backend.close());
      await backend.open();
      for (const namespace of ["one", "one"]) {
        const handle = await backend.namespace({ db: "order", namespace });
        const numbers = Array.from({ length: COMMITS }, (_, i) => i);
        const commits = numbers.map((i) => {
          const put = { type: "put", key: "key", value: Buffer.from(`${i}`), tags: [] } as const;
          const { signal } = new AbortController(); // what may be called off takes a longer way
          return handle.commit([put], i % 3 === 0 ? { signal } : {});
        });
        const versions = (await Promise.all(commits)).map(({ versions: [version] }) => version);
        expect(versions).toEqual(versions.toSorted((a = 0, b = 0) => a - b));
      }
    },
  );
});
