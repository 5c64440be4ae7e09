// Bad input: each row is refused with its exit code and error code, says what is wrong on stderr, prints
// nothing on stdout, and changes neither store nor repository.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const LONG_KEY = "ü".repeat(513);
const LONG_TAG = "t".repeat(257);

/** Every file below, with its content: what must not change. LMDB's lock file may. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  const kept = files.filter(({ name }) => name !== "lock.mdb" && name !== "big");
  const paths = kept.map((file) => join(file.parentPath, file.name));
  return Object.fromEntries(
    paths.map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]),
  );
}

describe("bad input", () => {
  const { nadb, path, stats } = inFolder();

  async function prepare(): Promise<void> {
    await nadb("set a value --tag t");
    await nadb("backup create first");
    mkdirSync(path("other"));
    writeFileSync(path("other/mine.txt"), "mine");
    writeFileSync(path("big"), "");
    truncateSync(path("big"), 256 * 1024 * 1024 + 1);
  }

  const rows: [line: string, exitCode: number, code: string, says: string][] = [
    ["set '' v", 2, "NADB_INVALID_ARGUMENT", "key is empty"],
    [`set ${LONG_KEY} v`, 2, "NADB_INVALID_ARGUMENT", "1026 bytes"],
    ["set k v --tag ''", 2, "NADB_INVALID_ARGUMENT", "tag is empty"],
    [`set k v --tag ${LONG_TAG}`, 2, "NADB_INVALID_ARGUMENT", "257 bytes"],
    ["set k --file big", 2, "NADB_INVALID_ARGUMENT", "268,435,457 bytes"],
    ["set k --file nosuch", 1, "NADB_NOT_FOUND", "nosuch"],
    ["set k --file other", 1, "NADB_IO", "other"],
    ["set k v --file big", 2, "NADB_INVALID_ARGUMENT", "given twice"],
    ["set k v --ttl -1s", 2, "NADB_INVALID_ARGUMENT", '"-1s"'],
    ["set k v --ttl NaN", 2, "NADB_INVALID_ARGUMENT", '"NaN"'],
    ["set k v --ttl 0s", 2, "NADB_INVALID_ARGUMENT", '"0s"'],
    ["set k v --ttl 999999999999d", 2, "NADB_INVALID_ARGUMENT", "beyond all time"],
    ["set k v --ttl 0", 2, "NADB_INVALID_ARGUMENT", '"0"'],
    ["set k v --ttl 1h --expires-at 2999-01-01T00:00:00Z", 2, "NADB_INVALID_ARGUMENT", "--ttl"],
    ["set k v --expires-at tomorrow", 2, "NADB_INVALID_ARGUMENT", '"tomorrow"'],
    ["set k v --expires-at 1999-01-01T00:00:00Z", 2, "NADB_INVALID_ARGUMENT", "has passed"],
    ["set k v --if-version abc", 2, "NADB_INVALID_ARGUMENT", '--if-version "abc"'],
    ["set k v --if-version 0", 2, "NADB_INVALID_ARGUMENT", '--if-version "0"'],
    ["set k v --if-version -1", 2, "NADB_INVALID_ARGUMENT", '--if-version "-1"'],
    ["set k v --if-absent --if-version 1", 2, "NADB_INVALID_ARGUMENT", "--if-absent"],
    ["set a v --if-absent", 1, "NADB_CONFLICT", '"a"'],
    ["set a v --if-version 7", 1, "NADB_CONFLICT", "version 1"],
    ["set k v --if-version 7", 1, "NADB_CONFLICT", "absent"],
    ["touch a", 2, "NADB_INVALID_ARGUMENT", "--expires-at"],
    ["touch a --ttl 0s", 2, "NADB_INVALID_ARGUMENT", '"0s"'],
    ["touch a --expires-at 1999-01-01T00:00:00Z", 2, "NADB_INVALID_ARGUMENT", "has passed"],
    ["touch '' --ttl 1h", 2, "NADB_INVALID_ARGUMENT", "key is empty"],
    ["touch nosuch --ttl 1h", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["touch a --ttl 1h --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["persist ''", 2, "NADB_INVALID_ARGUMENT", "key is empty"],
    ["persist nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["persist a --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["sweep --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["changes --since garbage", 1, "NADB_CHECKPOINT_EXPIRED", "garbage"],
    ["changes --since ''", 1, "NADB_CHECKPOINT_EXPIRED", "none of this backend"],
    ["changes --since 0123456789abcdef-1", 1, "NADB_CHECKPOINT_EXPIRED", "0123456789abcdef-1"],
    ["changes --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["set k v extra", 2, "NADB_INVALID_ARGUMENT", "too many arguments"],
    ["set", 2, "NADB_INVALID_ARGUMENT", "missing required argument 'key'"],
    ["set k v --colour red", 2, "NADB_INVALID_ARGUMENT", "unknown option '--colour'"],
    ["set k v --db ../x", 2, "NADB_INVALID_ARGUMENT", '"../x"'],
    ["set k v --namespace ''", 2, "NADB_INVALID_ARGUMENT", 'namespace ""'],
    ["set k v --store valkey://h", 2, "NADB_INVALID_ARGUMENT", "fs:, redis:"],
    ["set k v --store fs:other", 10, "NADB_NOT_A_STORE", "other"],
    ["get ''", 2, "NADB_INVALID_ARGUMENT", "key is empty"],
    ["get nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["get a --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["get a --store fs:other", 10, "NADB_NOT_A_STORE", "other"],
    ["get a --store fs:big", 10, "NADB_NOT_A_STORE", "is a file"],
    ["delete", 2, "NADB_INVALID_ARGUMENT", "missing required argument"],
    ["help nosuch", 2, "NADB_INVALID_ARGUMENT", "none of that name"],
    ["delete a b --if-version 1", 2, "NADB_INVALID_ARGUMENT", "--if-version"],
    ["delete a --if-version 7", 1, "NADB_CONFLICT", "version 1"],
    ["delete a ''", 2, "NADB_INVALID_ARGUMENT", "key is empty"],
    ["keys --limit 0", 2, "NADB_INVALID_ARGUMENT", '"0"'],
    ["keys --limit two", 2, "NADB_INVALID_ARGUMENT", '"two"'],
    ["keys --any ''", 2, "NADB_INVALID_ARGUMENT", "tag is empty"],
    ["keys --none ''", 2, "NADB_INVALID_ARGUMENT", "tag is empty"],
    ["keys --cursor ''", 2, "NADB_INVALID_ARGUMENT", '--cursor ""'],
    ["keys --cursor k:a", 2, "NADB_INVALID_ARGUMENT", '--cursor "k:a"'],
    ["keys --cursor Zm9v --total", 2, "NADB_INVALID_ARGUMENT", "no cursor"],
    ["keys --tag ''", 2, "NADB_INVALID_ARGUMENT", "tag is empty"],
    [`keys --prefix ${LONG_KEY}`, 2, "NADB_INVALID_ARGUMENT", "1026 bytes"],
    ["keys --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["tags --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["stats --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["export out --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["export other", 2, "NADB_INVALID_ARGUMENT", "other is not empty"],
    ["import nosuch", 1, "NADB_NOT_FOUND", "nosuch"],
    ["backup", 2, "NADB_INVALID_ARGUMENT", "command is missing"],
    ["backup nosuch", 2, "NADB_INVALID_ARGUMENT", "unknown command 'nosuch'"],
    ["backup create first", 1, "NADB_ALREADY_EXISTS", '"first"'],
    ["backup create ../x", 2, "NADB_INVALID_ARGUMENT", '"../x"'],
    ["backup create .hidden", 2, "NADB_INVALID_ARGUMENT", '".hidden"'],
    [`backup create ${"x".repeat(129)}`, 2, "NADB_INVALID_ARGUMENT", "backup id"],
    ["backup create b --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["backup create b --repo other", 10, "NADB_NOT_A_REPOSITORY", "other"],
    ["backup create b --repo s3://bucket", 2, "NADB_INVALID_ARGUMENT", "s3://bucket"],
    ["backup list --repo nosuch", 10, "NADB_NOT_A_REPOSITORY", "nosuch"],
    ["backup list --repo other", 10, "NADB_NOT_A_REPOSITORY", "other"],
    ["backup show nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["backup show ../first", 2, "NADB_INVALID_ARGUMENT", '"../first"'],
    ["backup verify nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["backup verify --repo other", 10, "NADB_NOT_A_REPOSITORY", "other"],
    ["backup restore nosuch --yes", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["backup restore ../first --yes", 2, "NADB_INVALID_ARGUMENT", '"../first"'],
    ["backup restore first --yes --repo nosuch", 10, "NADB_NOT_A_REPOSITORY", "nosuch"],
    ["backup restore first --yes --store fs:other", 10, "NADB_NOT_A_STORE", "other"],
    ["backup delete nosuch --yes", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["backup delete ../data --yes", 2, "NADB_INVALID_ARGUMENT", '"../data"'],
  ];

  async function check([line, exitCode, code, says]: (typeof rows)[number]): Promise<void> {
    const { stdout, stderr, ...ended } = await nadb(`${line} --json`);
    expect({ line, stdout, ...ended }).toMatchObject({ line, stdout: "", exitCode });
    expect(JSON.parse(stderr), line).toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  }

  it("is refused, row by row, and changes nothing", async () => {
    await prepare();
    const head = await stats();
    const files = snapshot(path());
    for (let i = 0; i < rows.length; i += 4) await Promise.all(rows.slice(i, i + 4).map(check));
    expect(await stats()).toEqual(head);
    expect(snapshot(path())).toEqual(files);
  }, 120_000);

  it("is told in plain words without --json", async () => {
    const { stderr } = await nadb("set k v --ttl 5");
    expect(stderr).toBe(
      'NADB_INVALID_ARGUMENT: "5" is no span of time above 0\nhint: write 500ms, 90s, 15m, 1h or 7d\n',
    );
  });

  it("a value that is too large is refused while it comes in", async () => {
    await prepare();
    const { exitCode, stderr } = await nadb("set k", {
      input: Buffer.alloc(256 * 1024 * 1024 + 1),
    });
    expect({ exitCode }).toEqual({ exitCode: 2 });
    expect(stderr).toContain("the value on stdin has");
    expect((await stats()).count).toBe(1);
  });

  it("a file name that is not UTF-8 is refused before anything is stored", async () => {
    const folder = Buffer.from(path("tree/"));
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from([0x66, 0xff])]), "");
    const { exitCode, stderr } = await nadb("import tree");
    expect({ exitCode }).toEqual({ exitCode: 2 });
    expect(stderr).toContain("not UTF-8");
    expect(readdirSync(path())).toEqual(["tree"]);
  });
});

describe("a damaged backup", () => {
  const { nadb, json, path, open, stats } = inFolder();
  const data = () => path("backups/first/data.nadb");

  const patch = (change: (bytes: Buffer) => Buffer): void =>
    writeFileSync(data(), change(readFileSync(data())));
  const setBytes =
    (offset: number, ...bytes: number[]) =>
    (file: Buffer) => {
      file.set(bytes, offset);
      return file;
    };

  const damages: [name: string, damage: () => void, exitCode: number, code: string][] = [
    ["truncated", () => patch((file) => file.subarray(0, -1)), 4, "NADB_CORRUPTION"],
    [
      "with a byte more",
      () => patch((file) => Buffer.concat([file, Buffer.of(0)])),
      4,
      "NADB_CORRUPTION",
    ],
    ["empty", () => patch(() => Buffer.alloc(0)), 4, "NADB_CORRUPTION"],
    [
      "with one bit flipped",
      () => patch((file) => setBytes(60, (file[60] ?? 0) ^ 1)(file)),
      4,
      "NADB_CORRUPTION",
    ],
    ["foreign", () => patch((file) => Buffer.alloc(file.length, "PNG")), 4, "NADB_CORRUPTION"],
    ["of a newer format", () => patch(setBytes(8, 0, 99)), 13, "NADB_NEWER_FORMAT"],
  ];

  it.each(damages)("%s is found, and not restored", async (_, damage, exitCode, code) => {
    {
      await using store = await open();
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
      await store.setMany(keys.map((key) => ({ key, value: `value of ${key}` })));
    }
    await nadb("backup create first");
    await nadb("set later v");
    const head = await stats();
    damage();
    const files = snapshot(path("backups"));

    const verified = await nadb("backup verify first --no-record --json");
    expect(verified).toMatchObject({ exitCode });
    expect(JSON.parse(verified.stdout)).toMatchObject({
      ok: false,
      findings: [{ backupId: "first" }],
    });
    expect(JSON.parse(verified.stderr)).toMatchObject({ code });

    const flags = ["--quiet", "--clear", "--no-verify", "--clear --no-verify"];
    const restores = flags.map((flag) => nadb(`backup restore first --yes --json ${flag}`));
    for (const refused of await Promise.all(restores)) {
      expect(refused).toMatchObject({ exitCode, stdout: "" });
      const message = expect.stringContaining("first");
      expect(JSON.parse(refused.stderr)).toMatchObject({ code, message });
    }
    expect(await stats()).toEqual(head);

    expect(await nadb("backup restore first --store fs:./new")).toMatchObject({ exitCode });
    expect(readdirSync(path()).sort()).toEqual(["backups", "data"]);
    const evidence = { [path("backups/first/verified.json")]: expect.any(String) };
    expect(snapshot(path("backups"))).toEqual({ ...files, ...evidence });
  });

  it("a damaged manifest is found, and the other backups are still verified", async () => {
    await nadb("set a v");
    await nadb("backup create first");
    await nadb("backup create second");
    const manifest = path("backups/first/metadata.json");
    writeFileSync(
      manifest,
      readFileSync(manifest, "utf8").replace('"record_count": 1', '"record_count": 2'),
    );
    const { exitCode, stdout } = await nadb("backup verify");
    expect({ exitCode }).toEqual({ exitCode: 4 });
    expect(stdout).toMatch(/^first: damaged\n {2}unreadable: .*checksum$/m);
    expect(stdout).toMatch(/^second: sound/m);
    expect((await json("backup list")).findings).toMatchObject([{ backupId: "first" }]);
    expect(await nadb("backup restore first --yes")).toMatchObject({ exitCode: 4, stdout: "" });
    expect(await nadb("backup delete first --yes")).toMatchObject({ exitCode: 0 });
  });
});
