// The installed command `nadb` on this backend, in a project that has the package installed.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openBackend } from "@nadb/cli";
import { KeyValueStore } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { newFolder, root } from "./support.js";

const cli = join(root, "node_modules/@nadb/cli");
const { bin } = JSON.parse(readFileSync(join(cli, "package.json"), "utf8"));

/** A folder in which the package is installed as `npm install <folder>` does it: by a link. */
function newProject() {
  const folder = newFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/nadb-backend-sqlite"), "junction");
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("NADB_")),
  );
  return {
    folder,
    nadb: async (line: string) => {
      const args = [join(cli, bin.nadb), ...line.split(" "), "--json"];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env });
      return JSON.parse(stdout);
    },
    /** Opens the store in this process and checks that all it says agrees. */
    check: async (url: string) => {
      const backend = await openBackend(url, {
        plugins: ["nadb-backend-sqlite"],
        folder,
        create: false,
      });
      await using store = await KeyValueStore.open({ backend });
      await checkNamespace(store.storage, Date.now());
    },
  };
}

describe("nadb", () => {
  it("backs up and restores a store in SQLite that --plugin names", async () => {
    const { folder, nadb, check } = newProject();
    const on = "--store sqlite:./app.db --plugin nadb-backend-sqlite";
    mkdirSync(join(folder, "files"));
    for (let i = 0; i < 50; i++) writeFileSync(join(folder, `files/${i}.txt`), `file ${i}`);
    await nadb(`set greeting hello --tag demo --ttl 7d ${on}`);
    expect((await nadb(`import files ${on}`)).count).toBe(50);
    const before = await nadb(`stats ${on}`);
    expect(before).toMatchObject({ backend: "sqlite", count: 51 });

    const info = await nadb(`backup create first ${on}`);
    expect(info.stateDigest).toBe(before.digest);
    expect((await nadb(`backup verify first ${on}`)).ok).toBe(true);
    await nadb(`delete greeting 7.txt ${on}`);
    await nadb(`set later v ${on}`);
    expect((await nadb(`stats ${on}`)).digest).not.toBe(before.digest);

    await nadb(`backup restore first --clear --yes ${on}`);
    expect(await nadb(`stats ${on}`)).toMatchObject({ digest: before.digest, count: 51 });
    expect(await nadb(`get greeting ${on}`)).toMatchObject({ value: "hello", tags: ["demo"] });
    await check("sqlite:./app.db");
  });

  it("carries a store from SQLite to LMDB and back, state for state", async () => {
    const { folder, nadb, check } = newProject();
    const config = { store: "sqlite:./app.db", plugins: ["nadb-backend-sqlite"] };
    writeFileSync(join(folder, "nadb.config.json"), JSON.stringify(config));
    await nadb("set a one --tag t --tag u");
    await nadb("set b two --ttl 1h");
    const { digest } = await nadb("stats");
    await nadb("backup create from-sqlite");

    await nadb("backup restore from-sqlite --store fs:./data");
    expect(await nadb("stats --store fs:./data")).toMatchObject({ backend: "fs", digest });
    await nadb("backup create from-fs --store fs:./data");
    await nadb("backup restore from-fs --store sqlite:./again.db");
    expect(await nadb("stats --store sqlite:./again.db")).toMatchObject({
      backend: "sqlite",
      digest,
    });
    for (const url of ["sqlite:./app.db", "fs:./data", "sqlite:./again.db"]) await check(url);
  });

  it("restores nothing into a file that is not its own", async () => {
    const { folder, nadb } = newProject();
    const on = "--plugin nadb-backend-sqlite";
    await nadb(`set a 1 ${on}`);
    await nadb(`backup create first ${on}`);
    writeFileSync(join(folder, "notes.txt"), "notes ".repeat(1000));
    const refused = nadb(`backup restore first --yes --store sqlite:./notes.txt ${on}`);
    await expect(refused).rejects.toMatchObject({
      code: 10,
      stderr: expect.stringContaining("NADB_NOT_A_STORE"),
    });
    expect(readFileSync(join(folder, "notes.txt"), "utf8")).toBe("notes ".repeat(1000));
  });
});
