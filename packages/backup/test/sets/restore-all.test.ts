// Restoring a set: all of its namespaces, and until the first is visible, none.
import { NadbError, type NamespaceId, type StagedLoad, type StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  backupAllNamespaces,
  type NamespaceSource,
  planRestoreAllNamespaces,
  type RestoreAllOptions,
  restoreAllNamespaces,
} from "../../src/index.js";
import { failureOf, refuses } from "../support/fails.js";
import { flipBit, patchFile } from "../support/files.js";
import { override } from "../support/override.js";
import {
  contentsOf,
  idOf,
  openBackend,
  openSetSite,
  type SetSite,
  write,
} from "../support/sets.js";

const THEN = { "a/one": { x: "1", y: "2" }, "a/two": { x: "3" }, "b/one": { x: "4" } };
const NOW = { "a/one": { x: "now", y: "2", z: "5" }, "a/two": { x: "3" }, "c/new": { x: "6" } };

/** The set "monday" of THEN, a full and an incremental for a/one, in a store that holds NOW. */
async function site(): Promise<SetSite> {
  const made = await openSetSite();
  const { backend, repository } = made;
  await backupAllNamespaces({ backend, repository, label: "sunday" });
  await write(backend, "a/one", { x: "between" });
  await write(backend, "a/one", { x: "1" });
  await backupAllNamespaces({ backend, repository, label: "monday", incremental: true });
  await write(backend, "a/one", { x: "now", z: "5" });
  await backend.drop(idOf("b/one"));
  await write(backend, "c/new", { x: "6" });
  return made;
}

type More = Partial<RestoreAllOptions>;

const restore = ({ backend, repository }: SetSite, more: More = {}) =>
  restoreAllNamespaces({ backend, repository, label: "monday", ...more });

/** The backend with one namespace's loads changed. */
function withLoads(
  { backend }: SetSite,
  name: string,
  change: (load: StagedLoad) => Partial<StagedLoad>,
): NamespaceSource {
  const changed = (storage: StorageNamespace): StorageNamespace =>
    override(storage, {
      replace: async () => {
        const load = await storage.replace();
        return override(load, change(load));
      },
    });
  return {
    namespaces: () => backend.namespaces(),
    namespace: async (id) => {
      const storage = await backend.namespace(id);
      return `${id.db}/${id.namespace}` === name ? changed(storage) : storage;
    },
  };
}

describe("the restore of a set", () => {
  it("with clearExisting makes each of its namespaces what it was, and touches no other", async () => {
    const made = await site();
    const restored = await restore(made, { clearExisting: true });
    expect(await contentsOf(made.backend)).toEqual({ ...THEN, "c/new": NOW["c/new"] });
    expect(restored).toMatchObject([
      { db: "a", namespace: "one", backupId: "monday.a.one", recordCount: 2 },
      { db: "a", namespace: "two", backupId: "monday.a.two", recordCount: 1 },
      { db: "b", namespace: "one", backupId: "monday.b.one", recordCount: 1, stagedSize: 1 },
    ]);
    for (const { db, namespace, stateDigest } of restored) {
      const storage = await made.backend.namespace({ db, namespace });
      expect((await storage.head()).digest).toBe(stateDigest);
    }
  });

  it("without it lays each over what is there, as onConflict and the selection say", async () => {
    const made = await site();
    await restore(made, { onConflict: "keep-existing", keys: ["x"] });
    expect(await contentsOf(made.backend)).toEqual({ ...NOW, "b/one": THEN["b/one"] });
  });

  it("goes into another backend, and into other namespaces", async () => {
    const made = await site();
    const backend = await openBackend();
    await restore(made, { backend });
    expect(await contentsOf(backend)).toEqual(THEN);
    await restore(made, {
      backend,
      into: ({ db, namespace }) => ({ db: "copy", namespace: `${db}-${namespace}` }),
    });
    expect(await contentsOf(backend)).toEqual({
      ...THEN,
      "copy/a-one": THEN["a/one"],
      "copy/a-two": THEN["a/two"],
      "copy/b-one": THEN["b/one"],
    });
  });

  it("keeps loads that wait for others longer than abandoned ones live", async () => {
    const made = await site();
    const slow = {
      namespace: (id: NamespaceId) => {
        made.clock.time += 40 * 60_000;
        return made.backend.namespace(id);
      },
    };
    await restore(made, { backend: slow, clearExisting: true });
    expect(await contentsOf(made.backend)).toMatchObject(THEN);
  });
});

describe("the plan for a set", () => {
  it("tells for each namespace what its restore does, and changes nothing", async () => {
    const made = await site();
    const { backend, repository } = made;
    const plans = await planRestoreAllNamespaces({
      backend,
      repository,
      label: "monday",
      clearExisting: true,
    });
    expect(plans).toMatchObject([
      { db: "a", namespace: "one", add: 0, change: 1, same: 1, delete: 1 },
      { db: "a", namespace: "two", add: 0, change: 0, same: 1, delete: 0 },
      { db: "b", namespace: "one", add: 1, change: 0, same: 0, delete: 0 },
    ]);
    expect(plans[0]?.chain).toEqual(["sunday.a.one", "monday.a.one"]);
    expect(await contentsOf(backend)).toEqual(NOW);
  });
});

describe("the restore of a set › refused, and every target as it was", () => {
  const untouched = async (made: SetSite, call: () => Promise<unknown>): Promise<unknown> => {
    const error = await failureOf(call);
    expect(await contentsOf(made.backend)).toEqual(NOW);
    return error;
  };

  it("when one of its backups is missing, which is told", async () => {
    const made = await site();
    await made.repository.delete("monday.a.two");
    await refuses(
      "NADB_CORRUPTION",
      () => untouched(made, () => restore(made)).then((error) => Promise.reject(error)),
      'the set "monday" is not whole: of 3 backups taken together there are 2',
      "monday.a.one, monday.b.one",
    );
  });

  it("when the manifest of one can not be read, which is named", async () => {
    const made = await site();
    await patchFile(made.target, "monday.b.one/metadata.json", (bytes) => flipBit(bytes, 80));
    await refuses("NADB_CORRUPTION", () => restore(made), "monday.b.one can not be read");
    expect(await contentsOf(made.backend)).toEqual(NOW);
  });

  it.each([
    ["clearExisting", { clearExisting: true }],
    ["merge", {}],
    ["clearExisting, unchecked", { clearExisting: true, verifyIntegrity: false }],
    ["merge, unchecked", { verifyIntegrity: false }],
  ])("when the data of its last one is damaged, or of a parent › %s", async (_, more) => {
    for (const id of ["monday.b.one", "sunday.b.one"]) {
      const made = await site();
      const middle = (bytes: Uint8Array) => flipBit(bytes, bytes.length * 4);
      await patchFile(made.target, `${id}/data.nadb`, middle);
      const error = await untouched(made, () => restore(made, more));
      expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
    }
  });

  it("for a label that nothing has, and for single backups", async () => {
    const made = await site();
    await refuses("NADB_NOT_FOUND", () => restore(made, { label: "none" }), "none");
  });

  it("into one namespace twice", async () => {
    const made = await site();
    const into = ({ namespace }: { namespace: string }) => ({ db: "a", namespace });
    await refuses(
      "NADB_INVALID_ARGUMENT",
      () => restore(made, { into }),
      "monday.a.one and monday.b.one",
      "a/one",
    );
    expect(await contentsOf(made.backend)).toEqual(NOW);
  });

  it("with options that do not go together", async () => {
    const made = await site();
    await refuses("NADB_INVALID_ARGUMENT", () =>
      restore(made, { clearExisting: true, onConflict: "keep-newer" }),
    );
  });

  it("when a target fails while it is staged, and nothing stays staged", async () => {
    const made = await site();
    let aborted = 0;
    const backend = withLoads(made, "a/one", (load) => ({
      abort: () => {
        aborted++;
        return load.abort();
      },
    }));
    const failing = {
      namespace: async (id: NamespaceId) =>
        id.db === "b"
          ? Promise.reject(new NadbError("NADB_IO", "no such place"))
          : backend.namespace(id),
    };
    const error = await untouched(made, () =>
      restore(made, { backend: failing, clearExisting: true }),
    );
    expect(error).toMatchObject({ code: "NADB_IO" });
    expect(aborted).toBe(1);
  });

  it("when a load that was staged is gone before the first namespace is visible", async () => {
    const made = await site();
    const backend = withLoads(made, "a/two", (load) => ({
      put: async (changes, options) => {
        await load.put(changes, options);
        if (changes.length > 0) await load.abort();
      },
    }));
    const error = await untouched(made, () => restore(made, { backend, clearExisting: true }));
    expect(error).toMatchObject({ name: "NadbError" });
  });

  it("when it is aborted before the first namespace is visible", async () => {
    const made = await site();
    const abort = new AbortController();
    const backend = withLoads(made, "b/one", (load) => ({
      put: async (changes, options) => {
        await load.put(changes, options);
        abort.abort(new Error("enough"));
      },
    }));
    const error = await untouched(made, () =>
      restore(made, { backend, clearExisting: true, signal: abort.signal }),
    );
    expect(error).toMatchObject({ message: "enough" });
  });
});

describe("the restore of a set › a target that fails while they are made visible", () => {
  const broken = (made: SetSite, name: string) =>
    withLoads(made, name, () => ({
      commit: () => Promise.reject(new NadbError("NADB_IO", "the disk is full")),
    }));

  it("is named with those that are restored by then, and those that are as before", async () => {
    const made = await site();
    const backend = broken(made, "a/two");
    await refuses(
      "NADB_IO",
      () => restore(made, { backend, clearExisting: true }),
      "a/two: the disk is full; restored by then: a/one; as before: a/two, b/one",
    );
    expect(await contentsOf(made.backend)).toEqual({ ...NOW, "a/one": THEN["a/one"] });
    await restore(made, { clearExisting: true });
    expect(await contentsOf(made.backend)).toMatchObject(THEN);
  });

  it("is named alone when it is the first", async () => {
    const made = await site();
    const backend = broken(made, "a/one");
    const error = await failureOf(() => restore(made, { backend, clearExisting: true }));
    expect(error).toMatchObject({ message: "a/one: the disk is full" });
    expect(await contentsOf(made.backend)).toEqual(NOW);
  });

  it("an abort is not heard any more, so that none is left behind", async () => {
    const made = await site();
    const abort = new AbortController();
    const backend = withLoads(made, "a/one", (load) => ({
      commit: async (options) => {
        const loaded = await load.commit(options);
        abort.abort();
        return loaded;
      },
    }));
    await restore(made, { backend, clearExisting: true, signal: abort.signal });
    expect(await contentsOf(made.backend)).toMatchObject(THEN);
  });
});
