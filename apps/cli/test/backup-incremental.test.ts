// Incremental backups at the command line: their parents, their chains, and what hangs on them.
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const { nadb, json, path, open, stats } = inFolder();

async function change(values: Record<string, string | undefined>): Promise<void> {
  await using store = await open();
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) await store.delete(key);
    else await store.set(key, value);
  }
}

describe("backup create --incremental", () => {
  beforeEach(() => change({ a: "1", b: "2" }));

  it("goes on from the newest backup of the namespace, and holds what has changed", async () => {
    const first = await json("backup create first");
    await json("backup create second");
    await nadb("set elsewhere v --namespace other");
    await json("backup create foreign --namespace other");
    await change({ a: "11", b: undefined });
    const info = await json("backup create third --incremental");
    expect(info).toMatchObject({
      backupType: "incremental",
      parentBackupId: "second",
      fromCheckpoint: first.toCheckpoint,
      recordCount: 1,
      tombstoneCount: 1,
      stateDigest: (await stats()).digest,
      created: true,
    });
    const restored = await json("backup restore third --store fs:./new");
    expect(restored).toMatchObject({ recordCount: 1, stateDigest: info.stateDigest });
  });

  it("goes on from the --parent that is named", async () => {
    await json("backup create first");
    await json("backup create second");
    const info = await json("backup create third --incremental --parent first");
    expect(info.parentBackupId).toBe("first");
    expect((await nadb("backup show third")).stdout).toContain(
      "\ntype        incremental, of first\n",
    );
  });

  it("does not go on from a backup that has lost its data, and takes a full one only when told to", async () => {
    await json("backup create first");
    rmSync(path("backups", "first", "data.nadb"));
    for (const unchanged of ["", " --skip-unchanged"]) {
      const { exitCode, stdout, stderr } = await nadb(`backup create --incremental${unchanged}`);
      expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
      expect(stderr).toContain("first/data.nadb is missing");
      expect(stderr).toContain("--parent");
    }
    const options = "--incremental --skip-unchanged --fallback-to-full";
    const { exitCode, stdout, stderr } = await nadb(`backup create second ${options} --json`);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ backupType: "full", created: true });
    expect(JSON.parse(stderr)).toMatchObject({
      code: "NADB_HELD_BACK",
      message: expect.stringContaining("first/data.nadb is missing"),
    });
  });

  it("says when nothing has changed, and makes nothing with --skip-unchanged", async () => {
    await json("backup create first");
    const empty = await nadb("backup create second --incremental");
    expect(empty.stderr).toBe("nothing has changed since first: this backup is empty\n");
    const { stdout } = await nadb("backup create third --incremental --skip-unchanged");
    expect(stdout).toBe("nothing has changed since second: no backup was made\n");
    const skipped = await json("backup create third --incremental --skip-unchanged");
    expect(skipped).toMatchObject({ backupId: "second", created: false });
    expect(existsSync(path("backups/third"))).toBe(false);
    await change({ c: "3" });
    const taken = await json("backup create third --incremental --skip-unchanged");
    expect(taken).toMatchObject({ backupId: "third", created: true });
  });

  it("without any backup of the namespace is refused, and makes no repository", async () => {
    const first = await nadb("backup create x --incremental --json");
    expect(first).toMatchObject({ exitCode: 10, stdout: "" });
    expect(existsSync(path("backups"))).toBe(false);
    await nadb("set elsewhere v --namespace other");
    await json("backup create foreign --namespace other");
    const { exitCode, stderr } = await nadb("backup create x --incremental --json");
    expect({ exitCode }).toEqual({ exitCode: 1 });
    expect(JSON.parse(stderr)).toMatchObject({
      code: "NADB_NOT_FOUND",
      message: expect.stringContaining("default/default"),
      hint: expect.stringContaining("--fallback-to-full"),
    });
  });

  it("without any backup is a full one with --fallback-to-full, which is said", async () => {
    const { exitCode, stderr } = await nadb("backup create x --incremental --fallback-to-full");
    expect({ exitCode }).toEqual({ exitCode: 0 });
    expect(stderr).toMatch(/no backup of default\/default .*: this is a full one\n$/);
    expect((await json("backup list")).backups).toMatchObject([{ backupType: "full" }]);
  });

  it("from a parent whose content was replaced is refused, or full with --fallback-to-full", async () => {
    await json("backup create first");
    await nadb("backup restore first --clear --yes");
    const refused = await nadb("backup create second --incremental --json");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(JSON.parse(refused.stderr)).toMatchObject({
      code: "NADB_CHECKPOINT_EXPIRED",
      hint: expect.stringContaining("--fallback-to-full"),
    });
    expect(existsSync(path("backups/second"))).toBe(false);
    const full = await nadb("backup create second --incremental --fallback-to-full");
    expect(full).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^type {8}full$/m) });
    expect(full.stderr).toMatch(/since first: this is a full backup\n$/);
  });
});

describe("a chain", () => {
  const paths = { i1: () => path("backups/i1/metadata.json") };

  beforeEach(async () => {
    await change({ a: "1", b: "2" });
    await json("backup create base");
    await change({ a: "11", c: "3" });
    await json("backup create i1 --incremental");
    await change({ b: undefined });
    await json("backup create i2 --incremental");
  });

  it("is drawn by show, oldest first, and has its parents in the list", async () => {
    const { stdout } = await nadb("backup show i2");
    expect(stdout).toContain(`digest      ${(await stats()).digest}\n`);
    const drawn = stdout.split("\n\n")[1]?.trimEnd().split("\n");
    expect(drawn).toMatchObject([
      expect.stringMatching(/^ +ID +TYPE +TAKEN +RECORDS +DELETES +VALUES +STORED$/),
      expect.stringMatching(/^ {3}base +full +20\S+ +2 +0 +2 B +\d+ B$/),
      expect.stringMatching(/^\+ {2}i1 +incremental +20\S+ +2 +0 +3 B +\d+ B$/),
      expect.stringMatching(/^\+ {2}i2 +incremental +20\S+ +0 +1 +0 B +\d+ B$/),
    ]);
    const shown = await json("backup show i2");
    expect(shown).toMatchObject({ backupId: "i2", findings: [] });
    expect(shown.chain).toEqual((await json("backup list")).backups);
    expect((await nadb("backup list")).stdout).toMatch(/^i2 +incremental +i1 +20/m);
  });

  it.each([
    ["lost", () => renameSync(paths.i1(), path("kept")), "is missing", /^\? {2}i1 +not readable$/m],
    [
      "damaged",
      () => writeFileSync(paths.i1(), readFileSync(paths.i1(), "utf8").replace('"i1"', '"i0"')),
      "its own checksum",
      /^\? {2}i1 +not readable$/m,
    ],
    [
      "too long",
      () => appendFileSync(path("backups/i1/data.nadb"), "x"),
      "bytes",
      /^\+ {2}i1 +incremental/m,
    ],
  ])("whose middle is %s is shown as broken, exit 4", async (_, damage, says, drawn) => {
    damage();
    const text = await nadb("backup show i2");
    expect(text).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(drawn) });
    expect(text.stdout).toMatch(/^can not be restored\n {2}unreadable: .*i1/m);
    const { exitCode, stdout, stderr } = await nadb("backup show i2 --json");
    expect({ exitCode }).toEqual({ exitCode: 4 });
    expect(JSON.parse(stdout).findings).toMatchObject([{ backupId: "i2" }]);
    const message = expect.stringContaining(says);
    expect(JSON.parse(stderr)).toMatchObject({ code: "NADB_CORRUPTION", message });
    expect(await nadb("backup restore i2 --yes")).toMatchObject({ exitCode: 4, stdout: "" });
    expect(await nadb("backup keys i2")).toMatchObject({ exitCode: 4 });
    expect(await nadb("backup diff base i2")).toMatchObject({ exitCode: 4 });
  });

  it("a parent that was taken anew under its name is no parent", async () => {
    renameSync(path("backups/base"), path("kept"));
    await json("backup create base");
    const { exitCode, stdout } = await nadb("backup show i2");
    expect({ exitCode }).toEqual({ exitCode: 4 });
    expect(stdout).toContain("its parent's cut has the checksum");
  });

  it("is deleted from its end; what others hang on is refused before anybody is asked", async () => {
    for (const yes of ["", " --yes"]) {
      const { exitCode, stdout, stderr } = await nadb(`backup delete base --json${yes}`);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(JSON.parse(stderr)).toEqual({
        code: "NADB_CONFLICT",
        message: "2 incremental backups can not be restored without base",
        hint: "to delete it, first delete in this order: i2, i1; or merge it into them with --consolidate",
      });
    }
    for (const id of ["i2", "i1"]) {
      expect(await nadb(`backup delete ${id} --yes`)).toMatchObject({ exitCode: 0 });
    }
    const last = await nadb("backup delete base --yes");
    expect(last.exitCode).toBe(1);
    expect(last.stderr).toContain('"base" is the last good backup of default/default');
    expect(await nadb("backup delete base --force --yes")).toMatchObject({ exitCode: 0 });
    expect((await json("backup list")).backups).toEqual([]);
  });
});

describe("backup verify", () => {
  beforeEach(async () => {
    await change({ a: "1" });
    await json("backup create one");
    await json("backup create two");
    await json("backup create three");
  });

  it("looks at those that are named, each once, or at --all", async () => {
    const some = await json("backup verify three one three");
    expect(some).toMatchObject({
      ok: true,
      verifications: [{ backupId: "three" }, { backupId: "one" }],
    });
    expect(some.verifications).toHaveLength(2);
    expect((await json("backup verify --all")).verifications).toHaveLength(3);
    const unknown = await nadb("backup verify one nosuch");
    expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
  });

  it("finds at each level what that level looks at", async () => {
    const data = path("backups/two/data.nadb");
    const bytes = readFileSync(data);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    const exits: Record<string, number | null> = {};
    for (const level of ["quick", "checksum", "full"]) {
      const { exitCode, stdout } = await nadb(`backup verify two --level ${level} --json`);
      expect(JSON.parse(stdout)).toMatchObject({ level, ok: exitCode === 0 });
      exits[level] = exitCode;
    }
    expect(exits).toEqual({ quick: 0, checksum: 4, full: 4 });
    appendFileSync(data, "x");
    const all = await nadb("backup verify --all --level quick");
    expect(all).toMatchObject({ exitCode: 4 });
    expect(all.stdout).toMatch(/^two: damaged\n {2}unreadable: .*bytes/m);
    expect(all.stdout).toMatch(/^one: manifest and size as they should be, 1 record, 1 B$/m);
  });
});
