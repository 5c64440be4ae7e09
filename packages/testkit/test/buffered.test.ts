// A buffered namespace keeps every promise of the contract. The laws about what is read hold as well when most writes
// are in the buffer only, and a process with something buffered lives until it has been flushed.
import { spawnSync } from "node:child_process";
import {
  BufferedNamespace,
  type Commit,
  memoryBackend,
  type NamespaceId,
  type StorageBackend,
  type StorageNamespace,
} from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  backendConformance,
  type Environment,
  type OpenBackend,
  type Runner,
} from "../src/index.js";
import { override } from "./mutants/mutant.js";
import { strictBackend } from "./strict-kv.js";

const MAX_BYTES = 64 * 1024;

/** The backend with one buffer over each of its namespaces, as stores of one sync share it. */
function buffered(
  inner: StorageBackend,
  { clock }: Environment,
  change: (namespace: BufferedNamespace, below: StorageNamespace) => StorageNamespace = (it) => it,
): StorageBackend {
  const buffers = new Map<string, StorageNamespace>();
  return override(inner, {
    namespace: async (id: NamespaceId) => {
      const below = await inner.namespace(id);
      const name = `${id.db}/${id.namespace}`;
      const { maxValueBytes } = inner.capabilities;
      const made = () =>
        new BufferedNamespace(below, { maxBytes: MAX_BYTES, maxValueBytes, clock });
      const namespace = buffers.get(name) ?? change(made(), below);
      buffers.set(name, namespace);
      return namespace;
    },
  });
}

const ENGINES: [string, OpenBackend][] = [
  ["memory", ({ clock }) => memoryBackend({ clock })],
  ["an engine that is strict, and outlives close", strictBackend],
];

describe.each(ENGINES)("buffered over %s", (_name, open) => {
  backendConformance({ describe, it }, async (environment) =>
    buffered(await open(environment), environment),
  );
});

/** Every commit that names neither expectation nor id is only buffered. */
const gathering: OpenBackend = (environment) => {
  let versions = 0;
  const gather = (namespace: BufferedNamespace, below: StorageNamespace): StorageNamespace =>
    override<StorageNamespace>(namespace, {
      commit: async (mutations, options = {}): Promise<Commit> => {
        if (options.expect !== undefined || options.id !== undefined) {
          return namespace.commit(mutations, options);
        }
        const changed = await namespace.buffer(mutations, options);
        const { checkpoint } = await below.head();
        return { checkpoint, versions: changed.map((did) => (did ? ++versions : undefined)) };
      },
    });
  return buffered(memoryBackend({ clock: environment.clock }), environment, gather);
};

/** Laws that hang on neither the versions nor the instant of a commit. */
const READ_LAWS = [
  "keys",
  "tags",
  "commit id",
  "changes from null",
  "changes while others write",
  "signal",
  "staged load",
  "bad input",
];

describe("buffered, most of it not committed yet", () => {
  const readLaws: Runner = {
    describe(name, body) {
      if (READ_LAWS.includes(name)) describe(name, body);
    },
    it,
  };
  backendConformance(readLaws, gathering);
});

describe("a process", () => {
  const script = (work: string): string => `
    import { KeyValueSync, memoryBackend } from "@nadb/core";
    const backend = memoryBackend();
    await backend.open();
    const namespace = await backend.namespace({ db: "a", namespace: "b" });
    const paying = { ...backend, capabilities: { ...backend.capabilities, buffering: true } };
    const sync = new KeyValueSync({ flushIntervalSeconds: ${work === "" ? 3_600 : 0.01} });
    sync.on("flush", ({ records }) => console.log("flushed", records));
    const { buffer } = sync.attach({ backend: paying, namespace, maxBytes: 1_000_000 });
    ${work}`;
  const run = (work: string) =>
    spawnSync(process.execPath, ["--input-type=module", "--eval", script(work)], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      timeout: 60_000,
    });

  it("that has something buffered lives until it is flushed, and then ends", () => {
    const put = '{ type: "put", key: "a", value: new Uint8Array(3) }';
    const { status, stdout, stderr } = run(`await buffer.buffer([${put}]);`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "flushed 1\n", stderr: "" });
  });

  it("that has nothing buffered ends at once, though its sync runs", () => {
    expect(run("")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });
});
