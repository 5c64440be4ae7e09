// Sets at the command line: a backup of each namespace under one label, restored, verified and deleted as one.
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { fsBackend } from "@nadb/backend-fs";
import { KeyValueStore } from "@nadb/core";
import { beforeEach, describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const { nadb, json, path } = inFolder();

async function change(
  name: string,
  values: Record<string, string | undefined>,
  folder = "data",
): Promise<void> {
  const [db = "", namespace = ""] = name.split("/");
  const backend = fsBackend({ path: path(folder) });
  await using store = await KeyValueStore.open({ backend, db, namespace });
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) await store.delete(key);
    else await store.set(key, value);
  }
}

/** All namespaces that hold anything, with all that they hold. */
async function contents(folder = "data"): Promise<Record<string, Record<string, string>>> {
  const backend = fsBackend({ path: path(folder), create: false });
  await backend.open();
  const found: Record<string, Record<string, string>> = {};
  for await (const id of backend.namespaces()) {
    const storage = await backend.namespace(id);
    const { items } = await storage.keys();
    const records = await storage.getMany(items);
    if (items.length === 0) continue;
    const entries = records.map((record) => [record?.key, Buffer.from(record?.value ?? [])]);
    found[`${id.db}/${id.namespace}`] = Object.fromEntries(
      entries.map(([key, value]) => [key, String(value)]),
    );
  }
  await backend.close();
  return found;
}

const THEN = {
  "shop/orders": { a: "1", b: "2" },
  "shop/users": { u: "3" },
  "log/main": { l: "4" },
};

beforeEach(async () => {
  for (const [name, values] of Object.entries(THEN)) await change(name, values);
});

describe("backup create --all-namespaces", () => {
  it("backs up each namespace under one label, which the list shows", async () => {
    const set = await json("backup create monday --all-namespaces");
    expect(set).toMatchObject({ label: "monday", created: true, added: [], dropped: [] });
    const ids = ["monday.log.main", "monday.shop.orders", "monday.shop.users"];
    expect(set.backups).toMatchObject(
      ids.map((backupId) => ({ backupId, label: "monday", setSize: 3, backupType: "full" })),
    );
    expect((await json("backup list")).backups).toEqual(set.backups);
    const { stdout } = await nadb("backup list");
    expect(stdout).toMatch(/ SOURCE +LABEL\n(.* monday\n){3}$/);
    const shown = await nadb("backup show monday.log.main");
    expect(shown.stdout).toMatch(/^label +monday, 3 backups taken together$/m);
  });

  it("is named by the time, and limited by --db", async () => {
    const set = await json("backup create --all-namespaces --db shop");
    expect(set.label).toMatch(/^set-20\d{6}T\d{6}Z-[0-9a-f]{4}$/);
    expect(set.backups).toMatchObject([
      { sourceNamespace: "orders", setSize: 2 },
      { sourceNamespace: "users", setSize: 2 },
    ]);
  });

  it("is not limited by what nadb.config.json says", async () => {
    writeFileSync(path("nadb.config.json"), '{"db": "shop", "namespace": "orders"}');
    expect((await json("backup create --all-namespaces")).backups).toHaveLength(3);
  });

  it("is written as its options say", async () => {
    const { backups } = await json("backup create --all-namespaces --no-compression --format json");
    for (const info of backups)
      expect(info).toMatchObject({ codec: "none", dataFile: "data.json" });
  });

  it("--incremental holds what has changed, tells which is full, and skips when nothing has", async () => {
    await json("backup create monday --all-namespaces");
    await change("shop/orders", { a: "11", b: undefined });
    await change("new/one", { n: "5" });
    const text = await nadb("backup create tuesday --all-namespaces --incremental");
    expect(text.stderr).toBe("tuesday.new.one is full: there is no backup it could go on from\n");
    expect(text.stdout).toMatch(/^set tuesday, 4 backups\nID /);
    const { backups } = await json("backup list");
    expect(
      backups.find((info: { backupId: string }) => info.backupId === "tuesday.shop.orders"),
    ).toMatchObject({ parentBackupId: "monday.shop.orders", recordCount: 1, tombstoneCount: 1 });
    const skipping = "backup create wednesday --all-namespaces --incremental --skip-unchanged";
    expect(await json(skipping)).toMatchObject({ label: "tuesday", created: false });
    expect((await nadb(skipping)).stdout).toBe(
      "nothing has changed since the set tuesday: no backup was made\n",
    );
  });

  it.each([
    ["--all-namespaces --namespace x", 2, "--namespace"],
    ["--all-namespaces --label x", 2, "--label"],
    ["--all-namespaces --incremental --parent x", 2, "--parent"],
    ["--all-namespaces --skip-unchanged", 2, "--skip-unchanged"],
    ["a:b --all-namespaces", 2, "label"],
    ["--all-namespaces --db nothing", 1, "nothing"],
    ["--label a:b", 2, "label"],
  ])("%s is refused with exit %i, and makes no repository", async (args, code, says) => {
    const { exitCode, stdout, stderr } = await nadb(`backup create ${args}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
    expect(stderr).toContain(says);
    expect(existsSync(path("backups"))).toBe(false);
  });

  it("under a label that is taken is refused", async () => {
    await json("backup create monday --all-namespaces");
    const { exitCode, stderr } = await nadb("backup create monday --all-namespaces --json");
    expect({ exitCode }).toEqual({ exitCode: 1 });
    expect(JSON.parse(stderr)).toMatchObject({ code: "NADB_ALREADY_EXISTS" });
  });

  it("while others write to two namespaces, each is exact at its own cut", async () => {
    const writers = new AbortController();
    const write = async (namespace: string): Promise<void> => {
      const backend = fsBackend({ path: path("data") });
      await using store = await KeyValueStore.open({ backend, db: "busy", namespace });
      for (let i = 0; !writers.signal.aborted; i++) {
        await store.transaction(async (tx) => {
          tx.set(`k${String(i).padStart(6, "0")}`, `${i}`);
          if (i >= 5) tx.delete(`k${String(i - 5).padStart(6, "0")}`);
        });
      }
    };
    const writing = Promise.all([write("one"), write("two")]);
    await json("backup create first --all-namespaces --db busy").catch(() => undefined); // none yet
    await json("backup create full --all-namespaces");
    await json("backup create next --all-namespaces --incremental");
    writers.abort();
    await writing;
    for (const label of ["full", "next"]) {
      expect(await json(`backup verify --label ${label}`)).toMatchObject({ ok: true });
      const restored = await json(`backup restore ${label} --all-namespaces --store fs:./${label}`);
      expect(restored.namespaces).toMatchObject([
        { db: "busy", namespace: "one" },
        { db: "busy", namespace: "two" },
        { db: "log" },
        { db: "shop" },
        { db: "shop" },
      ]);
      const found = await contents(label);
      for (const name of ["busy/one", "busy/two"]) {
        const numbers = Object.values(found[name] ?? {}).map(Number);
        const first = numbers[0] ?? 0;
        const whole = Array.from({ length: numbers.length }, (_, i) => first + i);
        expect(numbers).toEqual(whole);
        expect(first === 0 || numbers.length === 5).toBe(true); // the writers' own rule
      }
    }
  });
});

describe("backup restore --all-namespaces", () => {
  beforeEach(async () => {
    await json("backup create monday --all-namespaces");
    await change("shop/orders", { a: "11", c: "5" });
    await change("shop/users", { u: undefined });
  });

  it("restores each namespace, after a plan and a safety set", async () => {
    const dry = await json("backup restore monday --all-namespaces --clear --dry-run");
    expect(dry).toMatchObject({
      label: "monday",
      namespaces: [
        { db: "log", namespace: "main", same: 1 },
        { db: "shop", namespace: "orders", change: 1, same: 1, delete: 1 },
        { db: "shop", namespace: "users", add: 1 },
      ],
    });
    const before = await contents();
    const { safetyLabel, ...done } = await json(
      "backup restore monday --all-namespaces --clear --safety-backup --yes",
    );
    expect(done).toMatchObject({
      label: "monday",
      namespaces: [
        { recordCount: 1 },
        { recordCount: 2, clearedExisting: true },
        { recordCount: 1 },
      ],
    });
    expect(await contents()).toEqual(THEN);
    await json(`backup restore ${safetyLabel} --all-namespaces --clear --yes`);
    expect(await contents()).toEqual(before);
  });

  it("asks, or wants --yes, and shows what it would do to each", async () => {
    const { exitCode, stdout, stderr } = await nadb("backup restore monday --all-namespaces");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^into +fs:\.\/data, each namespace in one step, one after another$/m);
    expect(stderr).toMatch(/^shop\/orders +change 1, same 1$/m);
    expect(stderr).toContain("--yes");
  });

  it("merges by rule and selection", async () => {
    const keep =
      "backup restore monday --all-namespaces --on-conflict keep-existing --key a --key u";
    await json(keep);
    expect(await contents()).toMatchObject({
      "shop/orders": { a: "11", c: "5" },
      "shop/users": { u: "3" },
    });
  });

  it("with --clear and a selection that matches nothing is refused", async () => {
    const { exitCode, stderr } = await nadb(
      "backup restore monday --all-namespaces --clear --key none --yes",
    );
    expect({ exitCode }).toEqual({ exitCode: 1 });
    expect(stderr).toContain("holds nothing of what was asked for: key none");
  });

  it("into a store that is not there makes it, and --db sends all into one database", async () => {
    const text = await nadb("backup restore monday --all-namespaces --store fs:./new");
    expect(text.stdout).toMatch(/^log\/main: restored 1 record, 1 B\n(.*\n){2}3 namespaces in /);
    expect(await contents("new")).toEqual(THEN);
    await json("backup restore monday --all-namespaces --db copy --store fs:./new");
    expect(await contents("new")).toMatchObject({ "copy/orders": THEN["shop/orders"] });
  });

  it("--no-verify begins at once, and still proves what it loads", async () => {
    await json("backup restore monday --all-namespaces --clear --no-verify --yes");
    expect(await contents()).toEqual(THEN);
  });

  it("of a set that is not whole is refused with exit 4, and the store is as it was", async () => {
    const before = await contents();
    renameSync(path("backups/monday.shop.users"), path("away"));
    const line = "backup restore monday --all-namespaces --clear --yes --json";
    const { exitCode, stderr } = await nadb(line);
    expect({ exitCode }).toEqual({ exitCode: 4 });
    expect(JSON.parse(stderr).message).toContain("of 3 backups taken together there are 2");
    expect(await contents()).toEqual(before);
  });

  it("of a damaged set names the backup, exit 4, and makes no store", async () => {
    writeFileSync(path("backups/monday.shop.users/data.nadb"), "damaged");
    const line = "backup restore monday --all-namespaces --store fs:./new --json";
    const { exitCode, stderr } = await nadb(line);
    expect({ exitCode }).toEqual({ exitCode: 4 });
    expect(JSON.parse(stderr).message).toContain("backup monday.shop.users");
    expect(existsSync(path("new"))).toBe(false);
  });

  it("is no thing for --namespace, nor for a label of single backups", async () => {
    const named = await nadb("backup restore monday --all-namespaces --namespace x");
    expect(named.exitCode).toBe(2);
    await json("backup create one --label l --db log --namespace main");
    await json("backup create two --label l --db log --namespace main");
    const single = await nadb("backup restore l --all-namespaces --yes --json");
    expect(single.exitCode).toBe(1);
    expect(JSON.parse(single.stderr)).toMatchObject({ code: "NADB_NOT_FOUND" });
  });
});

describe("a label", () => {
  it("is given to single backups, and shown", async () => {
    const args = "--label before-release --db log --namespace main";
    expect(await json(`backup create one ${args}`)).toMatchObject({ label: "before-release" });
    const next = await json(`backup create two --incremental ${args}`);
    expect(next).toMatchObject({ label: "before-release", parentBackupId: "one", setSize: 1 });
    expect((await nadb("backup show two")).stdout).toMatch(/^label +before-release$/m);
  });

  it("is verified: each backup, and whether the set is whole", async () => {
    await json("backup create monday --all-namespaces");
    const { stdout } = await nadb("backup verify --label monday --level quick");
    expect(stdout).toMatch(/^(monday\.\S+: manifest and size as they should be, .*\n){3}$/);
    renameSync(path("backups/monday.shop.users"), path("away"));
    const missing = await nadb("backup verify --label monday --json");
    expect(missing.exitCode).toBe(4);
    expect(JSON.parse(missing.stdout)).toMatchObject({
      ok: false,
      incomplete: expect.stringContaining("not whole"),
      verifications: [{ ok: true }, { ok: true }],
    });
    renameSync(path("away"), path("backups/monday.shop.users"));
    writeFileSync(path("backups/monday.shop.users/data.nadb"), "damaged");
    expect((await nadb("backup verify --label monday")).exitCode).toBe(4);
    expect((await nadb("backup verify --label none")).exitCode).toBe(1);
    expect((await nadb("backup verify x --label monday")).exitCode).toBe(2);
  });

  it("is deleted with all its backups, incrementals first, unless another needs one", async () => {
    await json("backup create monday --all-namespaces");
    await json("backup create tuesday --all-namespaces --incremental");
    const needed = await nadb("backup delete --label monday --yes");
    expect(needed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(needed.stderr).toContain("tuesday.log.main");
    expect((await nadb("backup delete --label tuesday")).exitCode).toBe(2);
    const { label, deleted } = await json("backup delete --label tuesday --yes");
    expect([label, deleted.sort()]).toEqual([
      "tuesday",
      ["tuesday.log.main", "tuesday.shop.orders", "tuesday.shop.users"],
    ]);
    const last = await nadb("backup delete --label monday --yes");
    expect(last).toMatchObject({ exitCode: 1, stdout: "" });
    expect(last.stderr).toContain("is the last good backup of ");
    expect((await nadb("backup delete --label monday --force --yes")).exitCode).toBe(0);
    expect((await json("backup list")).backups).toEqual([]);
    expect((await nadb("backup delete --yes")).exitCode).toBe(2);
    expect((await nadb("backup delete x --label y --yes")).exitCode).toBe(2);
  });
});
