// nadb backup restore with its choices: what is restored, over what, and what is told beforehand.
import { readdirSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const HOUR = 3_600_000;

describe("backup restore", () => {
  const { nadb, json, path, open, stats } = inFolder();

  /** A chain of two; then what is live is changed. */
  beforeEach(async () => {
    await using store = await open();
    await store.set("usr:a", "1", { tags: ["t"] });
    await store.set("usr:b", "2");
    await store.set("log:c", "3", { tags: ["u"] });
    await json("backup create base");
    await store.set("usr:b", "22");
    await json("backup create tip --incremental");
    await store.set("usr:a", "live");
    await store.set("new", "4");
    await store.delete("log:c");
  });

  const keys = async (flags = ""): Promise<string[]> => (await json(`keys ${flags}`.trim())).keys;

  it("--dry-run prints the plan, and does nothing", async () => {
    const before = await stats();
    expect(await json("backup restore tip --dry-run --clear --safety-backup")).toEqual({
      backupId: "tip",
      chain: ["base", "tip"],
      clearsExisting: true,
      add: 1,
      change: 1,
      same: 1,
      skip: 0,
      delete: 1,
      bytes: 2,
      filtered: 0,
      expired: 0,
      samples: { add: ["log:c"], change: ["usr:a"], skip: [], delete: ["new"] },
    });
    const text = await nadb("backup restore tip --dry-run --clear --safety-backup");
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    expect(text.stdout.split("\n").slice(1)).toEqual([
      "chain    2 backups: base + tip",
      "into     fs:./data default/default",
      `holding  3 records, ${before.bytes} B`,
      "effect   all of them go, what is restored takes their place",
      "add      1 record: log:c",
      "change   1 record: usr:a",
      "delete   1 record: new",
      "same     1 record, there just so",
      "write    2 B",
      "first    a full backup of what is there",
      "",
    ]);
    expect(await stats()).toEqual(before);
    expect((await json("backup list")).backups).toHaveLength(2);
  });

  it("--dry-run of what is selected counts the rest, and makes no store", async () => {
    const flags = "--dry-run --store fs:./new --prefix usr: --key log:c --tag t --ttl strip";
    const plan = await json(`backup restore tip ${flags}`);
    expect(plan).toMatchObject({ add: 1, filtered: 2, samples: { add: ["usr:a"] } });
    const { stdout } = await nadb(`backup restore tip ${flags}`);
    expect(stdout).toMatch(/^only {6}prefix usr:, key log:c, tag t$/m);
    expect(stdout).toMatch(/^filtered {2}2 records, not asked for$/m);
    expect(readdirSync(path()).sort()).toEqual(["backups", "data"]);
  });

  it("the question has the plan's numbers, where nobody can be asked as well", async () => {
    const refused = await nadb("backup restore tip --clear");
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^delete {3}1 record: new$/m);
    expect(refused.stderr).toMatch(/^NADB_INVALID_ARGUMENT: there is no terminal/m);
    const done = await nadb("backup restore tip --clear --yes");
    expect(done.stderr).toMatch(/^delete {3}1 record: new$/m);
    expect(await keys()).toEqual(["log:c", "usr:a", "usr:b"]);
  });

  it.each([
    ["overwrite", "1", 0],
    ["keep-newer", "live", 2],
    ["keep-existing", "live", 2],
  ])("--on-conflict %s says who wins", async (rule, winner, skipped) => {
    const flags = `--on-conflict ${rule} --yes`;
    expect(await json(`backup restore tip ${flags}`)).toMatchObject({ skipped });
    expect((await nadb("get usr:a")).stdout).toBe(winner);
    expect((await nadb("get log:c")).stdout).toBe("3");
    expect(await keys()).toContain("new");
  });

  it("--on-conflict keep-existing destroys nothing, and asks nothing", async () => {
    const { exitCode, stdout } = await nadb("backup restore tip --on-conflict keep-existing");
    expect({ exitCode }).toEqual({ exitCode: 0 });
    expect(stdout).toMatch(/^restored 1 record, in \d+\.\d s, 2 skipped\n$/);
  });

  it.each([
    ["--prefix usr:", ["usr:a", "usr:b"]],
    ["--prefix log: --prefix usr:b", ["log:c", "usr:b"]],
    ["--key usr:a --key nosuch", ["usr:a"]],
    ["--tag t --tag u", ["log:c", "usr:a"]],
    ["--prefix usr: --tag u", []],
  ])("%s restores only that", async (flags, expected) => {
    const restored = await json(`backup restore tip --namespace fresh ${flags}`);
    expect(restored).toMatchObject({ recordCount: expected.length, filtered: 3 - expected.length });
    expect(await keys("--namespace fresh")).toEqual(expected);
  });

  it("--clear with a selection that matches nothing empties nothing", async () => {
    const before = await stats();
    const { exitCode, stderr } = await nadb(
      "backup restore tip --clear --prefix usr. --yes --json",
    );
    expect({ exitCode }).toEqual({ exitCode: 1 });
    expect(JSON.parse(stderr)).toMatchObject({
      code: "NADB_NOT_FOUND",
      message: expect.stringContaining("prefix usr."),
    });
    expect(await stats()).toEqual(before);
  });

  it.each([
    ["keep", 0],
    ["extend", 1],
    ["strip", undefined],
  ])("--ttl %s decides when restored records expire", async (policy, moved) => {
    await nadb("set k v --ttl 1h --namespace ttl");
    const { expiresAt } = await json("get k --namespace ttl");
    const { timestamp } = await json("backup create ttl --namespace ttl");
    await json(`backup restore ttl --namespace to --ttl ${policy}`);
    const restored = (await json("get k --namespace to")).expiresAt;
    if (moved === undefined) expect(restored).toBeUndefined();
    else if (moved === 0) expect(restored).toBe(expiresAt);
    else {
      expect(restored).toBeGreaterThan(expiresAt);
      expect(restored - expiresAt).toBeLessThan(HOUR);
      expect(restored).toBeGreaterThan(Date.parse(timestamp));
    }
  });

  it("--safety-backup keeps what was there, in the same repository", async () => {
    const before = await stats();
    const { safetyBackupId } = await json("backup restore tip --clear --safety-backup --yes");
    expect(safetyBackupId).toMatch(/^safety-\d{8}T\d{9}Z$/);
    expect(await json(`backup show ${safetyBackupId}`)).toMatchObject({
      backupType: "full",
      stateDigest: before.digest,
    });
    await json(`backup restore ${safetyBackupId} --clear --yes`);
    expect((await stats()).digest).toBe(before.digest);
    const { stdout } = await nadb("backup restore tip --clear --safety-backup --yes");
    expect(stdout).toMatch(/^restored 3 records.*\nsafety backup safety-\S+\n$/);
  });

  it("--safety-backup of nothing is none", async () => {
    const restored = await json("backup restore tip --safety-backup --namespace fresh");
    expect(restored).toMatchObject({ recordCount: 3, safetyBackupId: null });
    expect((await json("backup list")).backups).toHaveLength(2);
  });

  it.each([
    ["--clear --on-conflict keep-newer", "--clear leaves nothing"],
    ["--on-conflict mine", "'mine' is invalid"],
    ["--ttl never", "'never' is invalid"],
    ["--prefix ''", "key is empty"],
    ["--key ''", "key is empty"],
    ["--tag ''", "tag is empty"],
  ])("%s is refused and changes nothing", async (flags, says) => {
    const before = await stats();
    const { exitCode, stdout, stderr } = await nadb(`backup restore tip --yes --json ${flags}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    const message = expect.stringContaining(says);
    expect(JSON.parse(stderr)).toMatchObject({ code: "NADB_INVALID_ARGUMENT", message });
    expect(await stats()).toEqual(before);
  });
});
