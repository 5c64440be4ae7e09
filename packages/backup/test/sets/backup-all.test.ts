// Sets of backups: one of each namespace, under one label, all of them or none.
import type { StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  BackupManager,
  backupAllNamespaces,
  getSet,
  type NamespaceSource,
} from "../../src/index.js";
import { listNamespaces } from "../../src/sets/namespaces.js";
import { idsOfSet } from "../../src/sets/set.js";
import { refuses } from "../support/fails.js";
import { pathsOf } from "../support/files.js";
import { override } from "../support/override.js";
import { idOf, openBackend, openSetSite, type SetSite, write } from "../support/sets.js";

const take = ({ backend, repository }: SetSite, label: string, more = {}) =>
  backupAllNamespaces({ backend, repository, label, ...more });

const managerOf = async ({ backend, target, clock }: SetSite, name: string) =>
  BackupManager.open({ store: await backend.namespace(idOf(name)), target, clock: clock.now });

describe("a set", () => {
  it("has one backup of each namespace, of its exact cut, and each says how many", async () => {
    const site = await openSetSite();
    const { backups, ...told } = await take(site, "monday");
    expect(told).toEqual({ label: "monday", created: true, added: [], dropped: [], leftOut: [] });
    expect(backups).toMatchObject([
      { backupId: "monday.a.one", sourceDb: "a", sourceNamespace: "one", recordCount: 2 },
      { backupId: "monday.a.two", sourceDb: "a", sourceNamespace: "two", recordCount: 1 },
      { backupId: "monday.b.one", sourceDb: "b", sourceNamespace: "one", recordCount: 1 },
    ]);
    for (const info of backups) {
      const storage = await site.backend.namespace({
        db: info.sourceDb,
        namespace: info.sourceNamespace,
      });
      const { checkpoint, digest } = await storage.head();
      expect(info).toMatchObject({
        label: "monday",
        setSize: 3,
        toCheckpoint: checkpoint,
        stateDigest: digest,
      });
    }
    expect(await getSet(site.repository, "monday")).toEqual(backups);
  });

  it("is named by the time when nobody names it", async () => {
    const { backend, repository } = await openSetSite();
    const { label } = await backupAllNamespaces({ backend, repository });
    expect(label).toMatch(/^set-20260102T030405Z-[0-9a-f]{4}$/);
    expect(await getSet(repository, label)).toHaveLength(3);
  });

  it("can be of one database", async () => {
    const { backups } = await take(await openSetSite(), "monday", { db: "a" });
    expect(backups.map(({ backupId, setSize }) => [backupId, setSize])).toEqual([
      ["monday.a.one", 2],
      ["monday.a.two", 2],
    ]);
  });

  it("takes namespaces as they are handed out, so that a decorator can open their values", async () => {
    const { backend, repository } = await openSetSite();
    const opened: string[] = [];
    const source: NamespaceSource = {
      namespaces: () => backend.namespaces(),
      namespace: (id) => {
        opened.push(`${id.db}/${id.namespace}`);
        return backend.namespace(id);
      },
    };
    await backupAllNamespaces({ backend: source, repository });
    expect([...new Set(opened)]).toEqual(["a/one", "a/two", "b/one"]);
  });
});

describe("the ids of a set", () => {
  it("are LABEL.DB.NAMESPACE, numbered where that would be two, too long or taken", () => {
    const long = "n".repeat(125);
    const ids = ["b.c/d", "b/c.d", `b/${long}`, "b/taken", "B/C.d"].map(idOf);
    expect(idsOfSet("a", ids, ["a.b.taken", "a.2"])).toEqual([
      "a.b.c.d",
      "a.1",
      "a.3",
      "a.4",
      "a.5",
    ]);
    expect(idsOfSet("l".repeat(128), [idOf("d/n")], [])).toEqual([`${"l".repeat(100)}.1`]);
  });

  it("leave backups alone that are called so", async () => {
    const site = await openSetSite();
    await (await managerOf(site, "b/one")).createBackup({ backupId: "monday.a.one" });
    const { backups } = await take(site, "monday");
    expect(backups.map(({ backupId }) => backupId)).toEqual([
      "monday.1",
      "monday.a.two",
      "monday.b.one",
    ]);
  });
});

describe("a set › refused", () => {
  it("of nothing: there is no namespace, or none in the database", async () => {
    const site = await openSetSite();
    const backend = await openBackend();
    await refuses("NADB_NOT_FOUND", () => take({ ...site, backend }, "l"), "no namespace");
    await refuses("NADB_NOT_FOUND", () => take(site, "l", { db: "none" }), 'the database "none"');
    expect(await site.repository.list()).toEqual([]);
  });

  it("under a label that a backup has, single or of a set that is not whole", async () => {
    const site = await openSetSite();
    await take(site, "monday");
    await site.repository.delete("monday.a.one");
    await refuses("NADB_ALREADY_EXISTS", () => take(site, "monday"), "monday.a.two");
    await (await managerOf(site, "a/one")).createBackup({ backupId: "single", label: "tuesday" });
    await refuses("NADB_ALREADY_EXISTS", () => take(site, "tuesday"), "single");
    expect(await site.repository.list()).toHaveLength(3);
  });

  it("with names that are none", async () => {
    const site = await openSetSite();
    await refuses("NADB_INVALID_ARGUMENT", () => take(site, "a/b"), "label");
    await refuses("NADB_INVALID_ARGUMENT", () => take(site, "a", { db: ".." }), "database name");
  });
});

describe("a set › incremental", () => {
  it("goes on from the newest backup of each namespace, and is full where there is none", async () => {
    const site = await openSetSite();
    await take(site, "monday");
    await (await managerOf(site, "a/two")).createBackup({ backupId: "single" });
    await write(site.backend, "a/one", { x: undefined, z: "5" });
    await write(site.backend, "c/new", { x: "6" });
    const { backups } = await take(site, "tuesday", { incremental: true });
    expect(
      backups.map((info) => [info.backupId, info.parentBackupId, info.fileCount, info.setSize]),
    ).toEqual([
      ["tuesday.a.one", "monday.a.one", 2, 4],
      ["tuesday.a.two", "single", 0, 4],
      ["tuesday.b.one", "monday.b.one", 0, 4],
      ["tuesday.c.new", null, 1, 4],
    ]);
  });

  it("goes on from an older backup where the newest can not be a parent", async () => {
    const site = await openSetSite();
    await take(site, "monday");
    const elsewhere = await openBackend();
    await write(elsewhere, "a/one", { other: "1" });
    await take({ ...site, backend: elsewhere }, "elsewhere");
    const one = await managerOf(site, "a/two");
    await one.createBackup({ backupId: "base" });
    await one.createIncrementalBackup("base", { backupId: "orphan" });
    await site.target.remove("base/metadata.json");
    const { backups } = await take(site, "tuesday", { incremental: true });
    expect(backups.map(({ parentBackupId }) => parentBackupId)).toEqual([
      "monday.a.one",
      "monday.a.two",
      "monday.b.one",
    ]);
  });

  it("is full for a namespace whose content was replaced since", async () => {
    const site = await openSetSite();
    await take(site, "monday");
    await (await managerOf(site, "b/one")).restoreBackup("monday.b.one", { clearExisting: true });
    const { backups } = await take(site, "tuesday", { incremental: true });
    expect(backups.map(({ backupType }) => backupType)).toEqual([
      "incremental",
      "incremental",
      "full",
    ]);
  });
});

describe("a set › skipUnchanged", () => {
  it("makes none when no namespace has changed, and answers the newest set of the same ones", async () => {
    const site = await openSetSite();
    const first = await take(site, "monday");
    await take(site, "part", { db: "a" });
    const again = await take(site, "tuesday", { skipUnchanged: true, incremental: true });
    expect(again).toEqual({ ...first, created: false });
    const part = await take(site, "tuesday", { skipUnchanged: true, db: "a" });
    expect(part).toMatchObject({ label: "part", created: false });
    expect(await site.repository.list()).toHaveLength(5);
  });

  it.each<[string, (site: SetSite) => Promise<unknown>]>([
    ["one has changed", ({ backend }) => write(backend, "b/one", { y: "1" })],
    ["one is new", ({ backend }) => write(backend, "b/two", { y: "1" })],
    ["one is gone", ({ backend }) => backend.drop(idOf("b/one"))],
    ["that set is not whole", ({ repository }) => repository.delete("monday.a.two")],
    ["one has lost its data", ({ target }) => target.remove("monday.a.two/data.nadb")],
  ])("takes a whole set when %s", async (_, change) => {
    const site = await openSetSite();
    await take(site, "monday");
    await change(site);
    const { created, backups } = await take(site, "tuesday", {
      skipUnchanged: true,
      incremental: true,
    });
    expect(created).toBe(true);
    expect(backups).toHaveLength((await listNamespaces(site.backend)).ids.length);
    expect(await getSet(site.repository, "tuesday")).toEqual(backups);
  });
});

/** Does something when the feed of a namespace is opened. */
function whenRead(
  backend: StorageBackend,
  name: string,
  act: () => Promise<unknown>,
): NamespaceSource {
  return {
    namespaces: () => backend.namespaces(),
    namespace: async (id) => {
      const storage = await backend.namespace(id);
      if (`${id.db}/${id.namespace}` !== name) return storage;
      return override(storage, {
        async *changes(since, options) {
          await act();
          yield* storage.changes(since, options);
        },
      });
    },
  };
}

describe("a set › while namespaces come and go", () => {
  it("tells those that were made or dropped meanwhile, and holds each as at its cut", async () => {
    const site = await openSetSite();
    const backend = whenRead(site.backend, "a/one", async () => {
      await write(site.backend, "c/late", { x: "1" });
      await site.backend.drop(idOf("a/two"));
    });
    const { repository } = site;
    const { backups, ...told } = await backupAllNamespaces({ backend, repository, label: "l" });
    expect(told).toEqual({
      label: "l",
      created: true,
      leftOut: [],
      added: [idOf("c/late")],
      dropped: [idOf("a/two")],
    });
    expect(backups.map(({ recordCount, setSize }) => [recordCount, setSize])).toEqual([
      [2, 3],
      [0, 3],
      [1, 3],
    ]);
  });
});

describe("a set › one fails", () => {
  const failing = (site: SetSite) =>
    whenRead(site.backend, "b/one", () => Promise.reject(new TypeError("broken")));

  it("takes back those that were made, and throws what went wrong", async () => {
    const site = await openSetSite();
    await take(site, "monday");
    const before = await pathsOf(site.target);
    const backend = failing(site);
    const { repository } = site;
    await expect(backupAllNamespaces({ backend, repository, label: "l" })).rejects.toThrow(
      "broken",
    );
    expect(await pathsOf(site.target)).toEqual(before);
    await take(site, "l");
  });

  it("names the namespace in errors of NADB", async () => {
    const site = await openSetSite();
    await write(site.backend, "b/one", { y: "1" });
    const { repository } = site;
    const backend = whenRead(site.backend, "b/one", () => site.backend.close());
    await refuses(
      "NADB_CLOSED",
      () => backupAllNamespaces({ backend, repository, label: "l" }),
      "b/one: ",
    );
    expect(await repository.list()).toEqual([]);
  });

  it("aborted: nothing is left, and the reason is thrown as it is", async () => {
    const site = await openSetSite();
    const abort = new AbortController();
    const reason = new Error("enough");
    const backend = whenRead(site.backend, "a/two", async () => abort.abort(reason));
    const { repository } = site;
    const { signal } = abort;
    await expect(backupAllNamespaces({ backend, repository, label: "l", signal })).rejects.toBe(
      reason,
    );
    expect(await repository.list()).toEqual([]);
  });
});

describe("a set › two under one label at once", () => {
  it("of the same namespaces: one at most stays, and it is whole", async () => {
    const site = await openSetSite();
    const results = await Promise.allSettled([take(site, "l"), take(site, "l")]);
    const done = results.filter(({ status }) => status === "fulfilled").length;
    expect(done).toBeLessThanOrEqual(1);
    if (done === 1) expect(await getSet(site.repository, "l")).toHaveLength(3);
    else expect(await site.repository.list()).toEqual([]);
  });

  it("of different databases: they are not taken for one", async () => {
    const site = await openSetSite();
    const other = whenRead(site.backend, "a/one", () => take(site, "l", { db: "b" }));
    const { repository } = site;
    await refuses("NADB_CONFLICT", () =>
      backupAllNamespaces({ backend: other, repository, label: "l", db: "a" }),
    );
    expect(await getSet(repository, "l")).toMatchObject([{ backupId: "l.b.one" }]);
  });
});

describe("a set › while writers write", () => {
  it("each namespace is backed up at one instant, fulls and incrementals", async () => {
    const site = await openSetSite();
    const names = ["a/one", "b/one"];
    let isWriting = true;
    const written = new Map<string, number>();
    const writer = async (name: string): Promise<void> => {
      for (let i = 0; isWriting; i++) {
        written.set(name, i);
        await write(site.backend, name, { [`k${i}`]: `${i}`, [`k${i - 20}`]: undefined });
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const writers = names.map(writer);
    let sets = 0;
    for (let before = 0; sets < 12 || before <= 30; sets++) {
      before = Math.min(...written.values());
      await take(site, `set${sets}`, { incremental: sets > 0 });
    }
    isWriting = false;
    await Promise.all(writers);
    const ends = new Map<string, number>();
    for (let i = 0; i < sets; i++) {
      for (const name of names) {
        const manager = await managerOf(site, name);
        const keys: number[] = [];
        for await (const { key } of manager.readBackup(`set${i}.${name.replace("/", ".")}`)) {
          if (key.startsWith("k")) keys.push(Number(key.slice(1)));
        }
        keys.sort((a, b) => a - b);
        const last = keys.at(-1) ?? -1;
        const first = Math.max(0, last - 19); // the writer's own rule
        expect(keys).toEqual(Array.from({ length: last - first + 1 }, (_, k) => first + k));
        expect(last).toBeGreaterThanOrEqual(ends.get(name) ?? -1);
        ends.set(name, last);
      }
    }
    for (const name of names) expect(ends.get(name)).toBeGreaterThan(20);
  });
});
