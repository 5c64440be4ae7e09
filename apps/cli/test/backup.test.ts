import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("backup", () => {
  const { nadb, json, path, open, stats } = inFolder();

  async function fill(count = 3): Promise<void> {
    await using store = await open();
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    await store.setMany(keys.map((key) => ({ key, value: `value of ${key}`, tags: ["t"] })));
  }

  it("create answers the manifest, whose checksum sha256sum agrees with", async () => {
    await fill();
    const { created, anomalies, ...info } = await json("backup create first");
    expect({ created, anomalies }).toEqual({ created: true, anomalies: [] });
    const { digest, checkpoint } = await stats();
    expect(info).toMatchObject({ backupId: "first", backupType: "full", recordCount: 3 });
    expect(info).toMatchObject({
      stateDigest: digest,
      toCheckpoint: checkpoint,
      compression: true,
    });
    const data = readFileSync(path("backups/first", info.dataFile));
    expect(info.checksum).toBe(`sha256:${createHash("sha256").update(data).digest("hex")}`);
    expect(info.storedSize).toBe(data.length);
    expect(await json("backup show first")).toEqual({ ...info, chain: [info], findings: [] });
    expect(await json("backup list")).toEqual({ backups: [info], findings: [], pins: [] });
  });

  it("create chooses an id, and stores as it is with --no-compression", async () => {
    await fill(100);
    const { exitCode, stdout, stderr } = await nadb("backup create --no-compression");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^backup {6}full-\d{8}T\d{6}Z-[0-9a-f]{4}\ntype/);
    const [info] = (await json("backup list")).backups;
    expect(info).toMatchObject({ compression: false, codec: "none" });
  });

  it("show and list are made for reading, too", async () => {
    await fill();
    const { stdout: created } = await nadb("backup create first");
    expect((await nadb("backup show first")).stdout).toBe(created);
    expect(created).toContain("records     3\n");
    await nadb("backup create second");
    const lines = (await nadb("backup list")).stdout.split("\n");
    expect(lines[0]).toMatch(
      /^ID +TYPE +PARENT +TAKEN +RECORDS +DELETES +VALUES +STORED +SOURCE +LABEL$/,
    );
    expect(lines[1]).toMatch(/^first +full +- +20.+ 3 +0 +33 B .+ default\/default +-$/);
    expect(lines[2]).toMatch(/^second /);
  });

  it("an empty namespace is said to be empty", async () => {
    await fill();
    const { exitCode, stderr } = await nadb("backup create none --namespace empty");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: "default/empty is empty, and so is this backup\n",
    });
  });

  it("verify looks at one backup or at all", async () => {
    await fill();
    await nadb("backup create first");
    await nadb("backup create second");
    expect((await nadb("backup verify second")).stdout).toBe("second: sound, 3 records, 33 B\n");
    expect((await nadb("backup verify")).stdout).toMatch(/^first: sound.*\nsecond: sound.*\n$/);
    const one = await json("backup verify first");
    expect(one).toMatchObject({ backupId: "first", ok: true, findings: [], recordCount: 3 });
    expect(await json("backup verify")).toMatchObject({ ok: true, verifications: [one, {}] });
  });

  it("restore into a new store brings records, tags, times and expiry back", async () => {
    await nadb("set a v --tag t --ttl 1h");
    await fill();
    const { stateDigest } = await json("backup create first");
    const restored = await json("backup restore first --store fs:./new");
    expect(restored).toMatchObject({ backupId: "first", recordCount: 4, stateDigest });
    expect(restored.head.digest).toBe(stateDigest);
    const { version: _, ...before } = await json("get a");
    expect(await json("get a --store fs:./new")).toMatchObject(before);
  });

  it("restore lays over what is there; with --clear it replaces it", async () => {
    await fill(2);
    const { stateDigest } = await json("backup create first");
    await nadb("set k0 changed");
    await nadb("set other v");
    const over = await nadb("backup restore first --yes");
    expect(over.stderr).toMatch(
      /^restore {2}first of .* 2 records\ninto .*\nholding {2}3 records.*\neffect .*\nchange {3}1 record: k0\nsame {5}1 record, .*\nwrite {4}11 B\n$/,
    );
    expect(over.stdout).toMatch(/^restored 2 records, 22 B, in \d+\.\d s\n$/);
    expect((await nadb("get k0")).stdout).toBe("value of k0");
    expect((await json("keys")).keys).toEqual(["k0", "k1", "other"]);
    await nadb("backup restore first --clear --no-verify --yes");
    expect((await json("keys")).keys).toEqual(["k0", "k1"]);
    expect((await stats()).digest).toBe(stateDigest);
  });

  it("delete removes the backup and nothing else", async () => {
    await fill();
    await nadb("backup create first");
    await nadb("backup create second");
    expect(await json("backup delete first --yes")).toMatchObject({
      backupId: "first",
      deleted: true,
    });
    expect(readdirSync(path("backups")).sort()).toEqual(["metadata.json", "second"]);
    expect(await nadb("backup verify")).toMatchObject({ exitCode: 0 });
  });

  it.each(["restore first", "restore first --clear", "backup delete first --force"])(
    "%s is refused without --yes where nobody can be asked",
    async (command) => {
      await fill();
      await nadb("backup create first");
      const before = await stats();
      const args = command.startsWith("backup") ? command : `backup ${command}`;
      const text = await nadb(args);
      expect(text).toMatchObject({ exitCode: 2, stdout: "" });
      expect(text.stderr).toMatch(
        /NADB_INVALID_ARGUMENT: there is no terminal.*\nhint: .*--yes\n$/,
      );
      const { stderr } = await nadb(`${args} --json`);
      expect(JSON.parse(stderr)).toMatchObject({ code: "NADB_INVALID_ARGUMENT" });
      expect(await stats()).toEqual(before);
      expect(existsSync(path("backups/first/metadata.json"))).toBe(true);
    },
  );

  it("restore into an empty namespace needs no --yes", async () => {
    await fill();
    await nadb("backup create first");
    expect(await nadb("backup restore first --namespace fresh")).toMatchObject({ exitCode: 0 });
    expect((await json("stats --namespace fresh")).digest).toBe((await stats()).digest);
  });

  it("a rehearsal into memory leaves nothing", async () => {
    await fill();
    await nadb("backup create first");
    const before = readdirSync(path());
    expect(await json("backup restore first --store memory:")).toMatchObject({ recordCount: 3 });
    expect(readdirSync(path())).toEqual(before);
  });
});
