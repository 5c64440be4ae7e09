// Whose a namespace is: a target never lies over the records of an application, and a repository never in what it backs up.
import { KeyValueStore, memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  BackupManager,
  backendTarget,
  backupAllNamespaces,
  memoryTarget,
  Repository,
} from "../../src/index.js";
import { keysIn, NAMESPACE } from "../support/backend-files.js";
import { refuses } from "../support/fails.js";
import { pathsOf, readFile, writeFile } from "../support/files.js";
import { override } from "../support/override.js";

const storeOn = (backend: StorageBackend, namespace = "app"): Promise<KeyValueStore> =>
  KeyValueStore.open({ backend, db: "default", namespace });

describe("a namespace", () => {
  it("that holds records of an application is refused, and left as it is", async () => {
    const backend = memoryBackend();
    const store = await KeyValueStore.open({ backend, ...NAMESPACE });
    await store.set("file/a", "mine");
    const target = backendTarget(backend);
    expect(await target.list("")).toEqual([]);
    expect(await target.size("a")).toBeUndefined();
    await refuses("NADB_NOT_FOUND", () => readFile(target, "a"));
    await target.remove("a");
    await refuses("NADB_NOT_A_REPOSITORY", () => writeFile(target, "a", "x"), "backups/default");
    await refuses("NADB_NOT_A_REPOSITORY", () => Repository.open(target, { create: true }));
    expect(await keysIn(backend)).toEqual(["file/a"]);
  });

  it("is claimed with the first write, not before", async () => {
    const backend = memoryBackend();
    const target = backendTarget(backend);
    await target.list("");
    await target.remove("a");
    for await (const id of backend.namespaces()) expect(id).toBeUndefined();
    await writeFile(target, "a", "x");
    expect(await keysIn(backend)).toEqual(["file/a", "nadb-target"]);
  });

  it("is claimed once by targets that begin together", async () => {
    const backend = memoryBackend();
    const targets = Array.from({ length: 6 }, () => backendTarget(backend));
    await Promise.all(targets.map((target, i) => writeFile(target, `${i}`, `${i}`)));
    for (const target of targets)
      expect(await pathsOf(target)).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  it("of a newer layout is refused", async () => {
    const backend = memoryBackend();
    const claim = { format: "nadb-target", format_version: 2, id: "0" };
    const value = Buffer.from(JSON.stringify(claim));
    await backend.open();
    const namespace = await backend.namespace(NAMESPACE);
    await namespace.commit([{ type: "put", key: "nadb-target", value }]);
    const target = backendTarget(backend);
    await refuses("NADB_NEWER_FORMAT", () => target.list(""));
    await refuses("NADB_NEWER_FORMAT", () => writeFile(target, "a", ""));
  });

  it("is opened again after its backend has failed", async () => {
    const inner = memoryBackend();
    let isDown = true;
    const backend = override(inner, {
      open: async () => {
        if (isDown) throw new Error("down");
        await inner.open();
      },
    });
    const target = backendTarget(backend);
    await expect(target.list("")).rejects.toThrow("down");
    isDown = false;
    await writeFile(target, "a", "x");
    expect(await pathsOf(target)).toEqual(["a"]);
  });

  it.each([
    [{ db: "no/db" }],
    [{ namespace: "" }],
    [{ pieceBytes: 0 }],
    [{ pieceBytes: 1.5 }],
    [{ pieceBytes: 2 ** 40 }],
  ])("or a length of pieces that can not be is refused: %o", async (options) => {
    await refuses("NADB_INVALID_ARGUMENT", () => backendTarget(memoryBackend(), options));
  });
});

describe("a repository beside the data that it keeps, in one backend", () => {
  it("is backed up to, and restored from", async () => {
    const backend = memoryBackend();
    const store = await storeOn(backend);
    await store.set("k", "v");
    const backups = await BackupManager.open({ store, target: backendTarget(backend) });
    await backups.createBackup({ backupId: "b" });
    await store.set("k", "changed");
    await backups.restoreBackup("b", { clearExisting: true });
    expect(Buffer.from((await store.get("k")) ?? []).toString()).toBe("v");
  });

  it("is no data when all namespaces are backed up", async () => {
    const backend = memoryBackend();
    await (await storeOn(backend)).set("k", "v");
    const repository = await Repository.open(backendTarget(backend), { create: true });
    const { backups, leftOut } = await backupAllNamespaces({ backend, repository });
    expect(backups.map(({ sourceNamespace }) => sourceNamespace)).toEqual(["app"]);
    expect(leftOut).toEqual([{ ...NAMESPACE, holds: "repository" }]);
  });

  it("is the application's once that has written there, whatever its records are called", async () => {
    const backend = memoryBackend();
    await (await storeOn(backend)).set("k", "v");
    const target = backendTarget(backend);
    const repository = await Repository.open(target, { create: true });
    const app = await KeyValueStore.open({ backend, ...NAMESPACE });
    const beside = await Repository.open(memoryTarget(), { create: true });
    for (const key of ["a", "zz", "files", "nadb-target2"]) {
      await app.set(key, "mine");
      const all = { backend, repository: beside, label: key };
      const { backups, leftOut } = await backupAllNamespaces(all);
      expect(backups).toHaveLength(2);
      expect(leftOut).toEqual([]);
      await app.delete(key);
    }
    await app.set("a", "mine");
    const into = () => backupAllNamespaces({ backend, repository });
    await refuses("NADB_INVALID_ARGUMENT", into, "backups/default");
    expect(await repository.list()).toEqual([]);
  });

  it("of a newer layout is no data, and told", async () => {
    const backend = memoryBackend();
    await (await storeOn(backend)).set("k", "v");
    const app = await KeyValueStore.open({ backend, ...NAMESPACE });
    await app.set("nadb-target", '{"format":"nadb-target","format_version":2,"id":"0"}');
    await app.set("elsewhere", "x");
    const repository = await Repository.open(memoryTarget(), { create: true });
    const { leftOut } = await backupAllNamespaces({ backend, repository });
    expect(leftOut).toEqual([{ ...NAMESPACE, holds: "repository" }]);
  });
});

describe("a repository in the namespace that is backed up", () => {
  const inside = (backend: StorageBackend) =>
    backendTarget(backend, { db: "default", namespace: "app" });

  it("is refused, and left as it is, also after its last record was deleted", async () => {
    const backend = memoryBackend();
    const store = await storeOn(backend);
    const open = () => BackupManager.open({ store, target: inside(backend) });
    await store.set("k", "v");
    await refuses("NADB_INVALID_ARGUMENT", open, "itself");
    await store.delete("k");
    await refuses("NADB_INVALID_ARGUMENT", open, "itself");
    expect((await store.keys()).items).toEqual([]);
  });

  it("is refused before anything is written, where nothing was", async () => {
    const backend = memoryBackend();
    const store = await storeOn(backend);
    const refused = () => BackupManager.open({ store, target: inside(backend) });
    for (let i = 0; i < 2; i++) await refuses("NADB_INVALID_ARGUMENT", refused, "default/app");
    const look = () => BackupManager.open({ store, target: inside(backend), create: false });
    await refuses("NADB_NOT_A_REPOSITORY", look);
    for await (const id of backend.namespaces()) expect(id).toBeUndefined();
  });

  it("is taken for a namespace of another store only where one of them was written to", async () => {
    const [backend, other] = [memoryBackend(), memoryBackend()];
    const store = await storeOn(backend);
    const open = () => BackupManager.open({ store, target: inside(other) });
    await refuses("NADB_INVALID_ARGUMENT", open, "nobody has written to it");
    await store.set("k", "v");
    await (await open()).createBackup();
  });

  it("is refused where a target is, by another handle as well", async () => {
    const backend = memoryBackend();
    const store = await storeOn(backend);
    await writeFile(inside(backend), "a/file", "x");
    for (const target of [inside(backend), inside(backend)]) {
      const open = () => BackupManager.open({ store, target });
      await refuses("NADB_INVALID_ARGUMENT", open, "default/app");
    }
  });

  it("may be backed up elsewhere", async () => {
    const backend = memoryBackend();
    await writeFile(inside(backend), "a/file", "x");
    const store = await storeOn(backend);
    const backups = await BackupManager.open({ store, target: memoryTarget() });
    expect(await backups.createBackup()).toMatchObject({ recordCount: 2 });
    const apart = await BackupManager.open({ store, target: backendTarget(memoryBackend()) });
    expect(await apart.createBackup()).toMatchObject({ recordCount: 2 });
  });
});
