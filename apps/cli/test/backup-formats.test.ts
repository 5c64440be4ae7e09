// Backups in other formats at the command line: JSON, and repositories of the Python original.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const PYTHON = "--repo python";

describe("backup", () => {
  const { nadb, json, path, open, stats } = inFolder();

  async function fill(): Promise<void> {
    await using store = await open();
    await store.set("user:1", "Alice", { tags: ["user"] });
    await store.set("größe", Uint8Array.of(0, 255), { ttlSeconds: 3_600 });
  }

  async function changeAndDelete(): Promise<void> {
    await using store = await open();
    await store.set("user:2", "Bob");
    await store.delete("user:1");
  }

  it("create --format json writes lines that other programs read, alone and in a chain", async () => {
    await fill();
    const info = await json("backup create first --format json");
    expect(info).toMatchObject({ format: "nadb-json", dataFile: "data.json.gz" });
    const text = gunzipSync(readFileSync(path("backups/first/data.json.gz"))).toString();
    expect(JSON.parse(text).map(({ key }: { key: string }) => key)).toEqual(["größe", "user:1"]);
    await changeAndDelete();
    await json("backup create second --incremental");
    await json("backup create third --incremental --format json --no-compression");
    expect(await json("backup verify third")).toMatchObject({ ok: true });
    await nadb("backup restore third --clear --namespace copy");
    expect((await json("stats --namespace copy")).digest).toBe((await stats()).digest);
    expect((await nadb("backup show third")).stdout).toContain("(nadb-json, codec none)");
  });

  it("create --format of another name is wrong usage", async () => {
    await fill();
    expect(await nadb("backup create first --format xml")).toMatchObject({ exitCode: 2 });
    expect(readdirSync(path())).toEqual(["data"]);
  });

  it("export-python writes what a restore would bring, and every other command reads it", async () => {
    await fill();
    await nadb("backup create first");
    await changeAndDelete();
    await nadb("backup create second --incremental");
    const { stdout, exitCode } = await nadb("backup export-python second python");
    expect({ stdout, exitCode }).toEqual({
      stdout: "exported 2 records, 5 B, to python/second/data.json.gz\n",
      exitCode: 0,
    });
    expect(await json("backup export-python first python --no-compression")).toMatchObject({
      backupId: "first",
      format: "python-json",
      dataFile: "data.json",
    });
    const { backups } = await json(`backup list ${PYTHON}`);
    expect(backups).toMatchObject([{ backupId: "first" }, { backupId: "second" }]);
    expect(await json(`backup verify --all ${PYTHON}`)).toMatchObject({ ok: true });
    const shown = await nadb(`backup show second ${PYTHON}`);
    expect(shown).toMatchObject({ exitCode: 0 });
    expect(shown.stdout).not.toMatch(/^(checkpoint|digest)/m);
    expect((await nadb(`backup get second user:2 ${PYTHON}`)).stdout).toBe("Bob");
    expect((await json(`backup keys second ${PYTHON}`)).keys).toEqual(["größe", "user:2"]);
    expect((await nadb(`backup diff first second ${PYTHON}`)).stdout).toBe("- user:1\n+ user:2\n");
    await nadb(`backup restore second ${PYTHON} --namespace copy`);
    expect((await json("stats --namespace copy")).digest).toBe((await stats()).digest);
  });

  it("what would write into a repository of the original is refused, and says what to do", async () => {
    await fill();
    await nadb("backup create first");
    await nadb("backup export-python first python");
    const before = readFileSync(path("python/metadata.json"), "utf8");
    for (const command of ["backup create x", "backup delete first --yes"]) {
      const { exitCode, stderr } = await nadb(`${command} ${PYTHON}`);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/NADB_UNSUPPORTED: .* only read\nhint: restore from it/);
    }
    const again = await nadb("backup export-python first python");
    expect(again).toMatchObject({ exitCode: 1, stdout: "" });
    expect(again.stderr).toContain("NADB_ALREADY_EXISTS");
    const ours = await nadb("backup export-python first backups");
    expect(ours.stderr).toContain("NADB_NOT_A_REPOSITORY");
    expect(readFileSync(path("python/metadata.json"), "utf8")).toBe(before);
    expect(readdirSync(path("python")).sort()).toEqual(["first", "metadata.json"]);
  });

  it("times without an offset are those of the zone they are read in", async () => {
    await fill();
    await nadb("backup create first");
    const at = async (TZ: string): Promise<number> => {
      const { updatedAt } = await json(`backup get first user:1 --meta ${PYTHON}`, { env: { TZ } });
      return typeof updatedAt === "number" ? updatedAt : Date.parse(updatedAt);
    };
    await nadb("backup export-python first python", { env: { TZ: "Asia/Tokyo" } });
    const [tokyo, utc] = [await at("Asia/Tokyo"), await at("UTC")];
    expect(utc - tokyo).toBe(9 * 3_600_000);
  });
});

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasPython())("backup export-python, read by Python itself", () => {
  const { nadb, path, open } = inFolder();
  const PROGRAM = `
import base64, datetime, gzip, hashlib, json, sys
index = json.load(open("python/metadata.json"))
entry = index["first"]
data = open("python/first/data.json.gz", "rb").read()
assert hashlib.sha256(data).hexdigest() == entry["checksum"]
assert datetime.datetime.fromisoformat(entry["timestamp"]).tzinfo is None
records = json.load(gzip.open("python/first/data.json.gz", "rt", encoding="utf-8"))
assert len(records) == entry["file_count"]
for record in records:
    value = base64.b64decode(record["value"], validate=True)
    assert hashlib.sha256(value).hexdigest() == record["checksum"]
    updated = datetime.datetime.fromisoformat(record["metadata"]["last_updated"])
    print(record["key"], len(value), record["tags"], record["metadata"]["ttl"], round(updated.timestamp() * 1000))
`;

  it("has times, values, tags and checksums as it expects them", async () => {
    {
      await using store = await open();
      await store.set("a", "x".repeat(3_000_000), { tags: ["t", "ü"] });
      await store.set("b", "", { ttlSeconds: 3_600 });
    }
    await nadb("backup create first");
    await nadb("backup export-python first python");
    const printed = execFileSync("python3", ["-c", PROGRAM], { cwd: path(), encoding: "utf8" });
    await using store = await open();
    const [a, b] = [await store.getWithMetadata("a"), await store.getWithMetadata("b")];
    const ttl = ((b?.expiresAt ?? 0) - (b?.updatedAt ?? 0)) / 1_000;
    expect(printed.trim().split("\n")).toEqual([
      `a 3000000 ['t', 'ü'] None ${a?.updatedAt}`,
      `b 0 [] ${ttl} ${b?.updatedAt}`,
    ]);
  });
});
