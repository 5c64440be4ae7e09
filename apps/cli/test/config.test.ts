// nadb.config.json and --plugin, as the command's users meet them.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

/** A backend in a file's place: keeps nothing, but shows what it was opened with. */
const ACME = `
  export const plugin = {
    name: "acme",
    schemes: ["acme"],
    open(url, { folder, create }) {
      throw Object.assign(new Error(url + " in " + folder + ", create " + create), {
        name: "NadbError", code: "NADB_LOCKED", hint: "no hint" });
    },
  };`;

describe("nadb.config.json", () => {
  const { nadb, json, path } = inFolder();
  const write = (file: string, content: string | object): void => {
    mkdirSync(path(file, ".."), { recursive: true });
    writeFileSync(path(file), typeof content === "string" ? content : JSON.stringify(content));
  };
  const configure = (config: string | object, file = "nadb.config.json") => write(file, config);

  it("says where store, database, namespace and repository are", async () => {
    configure({ store: "fs:./kept/store", db: "shop", namespace: "orders", repo: "kept/backups" });
    await nadb("set a 1");
    await nadb("backup create first");
    expect(readdirSync(path("kept")).sort()).toEqual(["backups", "store"]);
    const { db, namespace, count } = await json("stats");
    expect({ db, namespace, count }).toEqual({ db: "shop", namespace: "orders", count: 1 });
    expect((await json("backup list")).backups).toHaveLength(1);
  });

  it("is found from a folder below, and its paths stay relative to it", async () => {
    configure({ store: "fs:data", repo: "./kept", plugins: ["./acme.mjs"] });
    write("acme.mjs", ACME);
    write("a/b/c.txt", "c");
    await nadb("import a/b");
    const below = { cwd: path("a/b") };
    expect((await nadb("get c.txt", below)).stdout).toBe("c");
    await nadb("backup create first", below);
    expect(readdirSync(path()).sort()).toEqual([
      "a",
      "acme.mjs",
      "data",
      "kept",
      "nadb.config.json",
    ]);
    expect(readdirSync(path("a/b"))).toEqual(["c.txt"]);
    const plan = await nadb("backup restore first --yes", below);
    expect(plan.stderr).toContain(`into     fs:data (in ${path()}) default/default`);
    const acme = await nadb("get a --json --store acme:x", below);
    expect(acme.stderr).toContain("acme:x in .");
  });

  it("the nearest one counts, alone", async () => {
    configure({ namespace: "far", db: "far" });
    configure({ namespace: "near" }, "a/nadb.config.json");
    const { db, namespace } = await json("set k v", { cwd: path("a") }).then(() =>
      json("stats", { cwd: path("a") }),
    );
    expect({ db, namespace }).toEqual({ db: "default", namespace: "near" });
  });

  it("--config names another one", async () => {
    configure("not even JSON");
    configure({ store: "fs:./data" }, "other/mine.json");
    expect(await nadb("set a 1 --config other/mine.json")).toMatchObject({ exitCode: 0 });
    expect(readdirSync(path("other")).sort()).toEqual(["data", "mine.json"]);
  });

  it("flags win over the environment, that over the config, that over the defaults", async () => {
    configure({ store: "fs:./config", repo: "./config-repo", db: "config" });
    const env = { NADB_STORE: "fs:./env", NADB_REPO: "./env-repo" };
    await nadb("set a 1");
    await nadb("set a 1", { env });
    await nadb("set a 1 --store fs:./flag", { env });
    await nadb("set a 1 --store fs:./data"); // the default, but said
    await nadb("backup create b", { env });
    expect(readdirSync(path()).sort()).toEqual([
      "config",
      "data",
      "env",
      "env-repo",
      "flag",
      "nadb.config.json",
    ]);
    expect((await json("stats --db other --store fs:./flag")).db).toBe("other");
    expect((await json("stats")).db).toBe("config");
  });

  it("help needs none", async () => {
    configure("not even JSON");
    expect(await nadb("set --help")).toMatchObject({ exitCode: 0 });
  });

  const wrong: [config: string | object, says: string][] = [
    ["", "is not JSON"],
    ["{'store': 1}", "is not JSON"],
    ["[]", "a list is no object"],
    ["null", "null is no object"],
    [{ stroe: "fs:./data" }, 'the field "stroe" is unknown'],
    ['{"__proto__": {"store": "memory:"}}', 'the field "__proto__" is unknown'],
    [{ store: 1 }, 'the field "store" is 1, not string'],
    [{ db: null }, 'the field "db" is null, not string'],
    [{ plugins: "acme" }, 'the field "plugins" is "acme", not Array'],
    [{ plugins: ["a", 2] }, 'the field "plugins.1" is 2, not string'],
    [{ schedule: { full: {} } }, 'the field "schedule.full.cron" is missing'],
    [{ schedule: { full: { cron: 5 } } }, 'the field "schedule.full.cron" is 5, not string'],
    [{ schedule: { drill: { at: 1 } } }, 'the field "schedule.drill.'],
    [{ plugins: [""] }, 'the plugin "" is neither'],
    [{ repo: "s3://bucket#a/b/c" }, "s3://bucket#a/b/c"],
    [{ repo: "" }, 'repository ""'],
    [{ namespace: "../x" }, '"../x"'],
    [{ store: "data" }, "names no store"],
    [{ plugins: ["nosuch:x"] }, 'the plugin "nosuch:x"'],
  ];
  it.each(wrong)("%j is refused", async (config, says) => {
    configure(config);
    const { exitCode, stdout, stderr } = await nadb("set a 1 --json");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
      message: expect.stringContaining(says),
    });
    if (/field|JSON|object/.test(says)) expect(stderr).toContain(path("nadb.config.json"));
    expect(readdirSync(path())).toEqual(["nadb.config.json"]);
  });

  it("one that is not JSON is told of without what stands in it", async () => {
    configure('{ "store": redis://:secret@h }');
    const { stderr } = await nadb("set a 1");
    expect(stderr).toContain("is not JSON");
    expect(stderr).not.toMatch(/redis|secr/);
  });

  it("one that is named and missing, or a folder, is refused", async () => {
    expect((await nadb("set a 1 --config nosuch.json")).stderr).toContain("NADB_NOT_FOUND");
    mkdirSync(path("nadb.config.json"));
    expect((await nadb("set a 1")).stderr).toContain("NADB_IO");
  });
});

describe("--plugin", () => {
  const { nadb, path } = inFolder();

  it("brings a scheme; repeated, or as a list in NADB_PLUGINS, it brings more", async () => {
    writeFileSync(path("acme.mjs"), ACME);
    writeFileSync(path("other.mjs"), ACME.replace('["acme"]', '["other"]'));
    const both = { NADB_PLUGINS: "./acme.mjs, ./other.mjs," };
    for (const scheme of ["acme", "other"]) {
      const flags = "--plugin ./acme.mjs --plugin ./other.mjs";
      const told = { exitCode: 11, stdout: "" };
      const byFlag = await nadb(`get a ${flags} --store ${scheme}:x`);
      expect(byFlag).toMatchObject(told);
      expect(byFlag.stderr).toContain(`${scheme}:x in ., create false`);
      expect(await nadb(`set a 1 --store ${scheme}:x`, { env: both })).toMatchObject(told);
    }
    const replaced = await nadb("get a --plugin ./other.mjs --store acme:x", { env: both });
    expect(replaced.stderr).toContain(
      "known are fs:, redis:, rediss:, redis+sentinel:, rediss+sentinel:, redis+cluster:, rediss+cluster:, memory:, other:",
    );
  });

  it("that can not be had is refused, whatever the store", async () => {
    const { exitCode, stderr } = await nadb("set a 1 --plugin nosuch");
    expect({ exitCode }).toEqual({ exitCode: 1 });
    expect(stderr).toContain('NADB_NOT_FOUND: the plugin "nosuch" is not installed in');
    expect(stderr).toContain("hint: npm install nosuch");
    expect(readdirSync(path())).toEqual([]);
  });
});
