// How the command behaves as a process: flags, environment, streams, signals, questions.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, watch } from "node:fs";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { confirmPlan } from "../src/confirm.js";
import { Output } from "../src/output.js";
import type { Session } from "../src/session.js";
import { ended, inFolder, run, start } from "./support/nadb.js";

describe("flags and environment", () => {
  const { nadb, json, path } = inFolder();

  it("global flags stand before or after the command", async () => {
    await nadb("--store fs:./one set a 1");
    await nadb("backup --repo kept create b --store fs:./one");
    expect((await nadb("backup list --repo kept")).stdout).toContain("b ");
    expect(readdirSync(path()).sort()).toEqual(["kept", "one"]);
  });

  it("a flag wins over the environment, and that over the default", async () => {
    const env = { NADB_STORE: "fs:./env", NADB_REPO: "./env-repo" };
    await nadb("set a env", { env });
    await nadb("set a flag --store fs:./flag", { env });
    await nadb("backup create b", { env });
    expect(readdirSync(path()).sort()).toEqual(["env", "env-repo", "flag"]);
    expect((await nadb("get a", { env })).stdout).toBe("env");
  });

  it("--help and --version go to stdout and succeed", async () => {
    const help = await nadb("--help");
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    for (const word of ["set", "import", "backup", "--store", "NADB_REPO", "--json"]) {
      expect(help.stdout).toContain(word);
    }
    expect((await nadb("backup restore --help")).stdout).toContain("--clear");
    expect((await nadb("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("without a command it is wrong usage", async () => {
    expect(await nadb("--json")).toMatchObject({ exitCode: 2, stdout: "" });
  });

  it("a process ends with the exit code of its command", async () => {
    const exitOf = async (args: string): Promise<number | null> =>
      (await run(args.split(" "), { cwd: path() })).exitCode;
    expect(await exitOf("set a v")).toBe(0);
    expect(await exitOf("get nosuch")).toBe(1);
    expect(await exitOf("nosuch")).toBe(2);
    expect(await exitOf("get a --store fs:./nowhere")).toBe(10);
    expect(await exitOf("backup health")).toBe(6);
  });

  it("colours appear only when asked for where no terminal is", async () => {
    const colour = "\u001b[";
    expect((await nadb("get a")).stderr).not.toContain(colour);
    expect((await nadb("get a", { env: { CI: "1" } })).stderr).not.toContain(colour);
    expect((await nadb("get a", { env: { FORCE_COLOR: "1" } })).stderr).toContain(colour);
    expect((await nadb("get a --no-color", { env: { FORCE_COLOR: "1" } })).stderr).not.toContain(
      colour,
    );
  });

  it("--quiet leaves out notes, not errors", async () => {
    await nadb("set a v");
    await nadb("backup create b");
    expect((await nadb("backup restore b --yes")).stderr).toContain("restore  b");
    expect((await nadb("backup restore b --yes --quiet")).stderr).toBe("");
    expect((await nadb("get nosuch --quiet")).stderr).toContain("NADB_NOT_FOUND");
  });

  it("--json writes nothing but the document, also where text has notes", async () => {
    await nadb("set a v");
    await nadb("backup create b");
    const { stdout, stderr } = await nadb("backup restore b --yes --json");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ backupId: "b" });
  });

  it("NADB_DEBUG=1 shows where an error came from; without it there is no stack", async () => {
    expect((await nadb("get a")).stderr).not.toMatch(/\n\s+at /);
    expect((await nadb("get a", { env: { NADB_DEBUG: "1" } })).stderr).toMatch(/\n\s+at /);
  });

  it("the reader of a listing may go away", async () => {
    mkdirSync(path("tree"));
    await nadb("set a v");
    const store = await import("@nadb/backend-fs").then(({ fsBackend }) =>
      fsBackend({ path: path("data") }),
    );
    await store.open();
    const namespace = await store.namespace({ db: "default", namespace: "default" });
    const value = new Uint8Array();
    const key = (i: number): string => `${"k".repeat(100)}${i}`;
    await namespace.commit(
      Array.from({ length: 20_000 }, (_, i) => ({ type: "put", key: key(i), value })),
    );
    await store.close();

    const child = start(["keys"], { cwd: path() });
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended(child)).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await json("keys")).count).toBe(20_001);
  });
});

describe("signals", () => {
  const { path, nadb, open, stats } = inFolder();

  const megabytes = async (count: number): Promise<void> => {
    await using store = await open();
    for (let i = 0; i < count; i++) await store.set(`k${i}`, randomBytes(1_000_000));
  };

  /** Starts a command and interrupts it as soon as it makes or writes a file of this name in the folder. */
  async function interruptOnChange(args: string[], folder: string, file: RegExp) {
    const child = start(args, { cwd: path() });
    const watcher = watch(path(folder), (_, name) => {
      if (name === null || !file.test(name)) return;
      watcher.close(); // one signal: a second one would not wait for the clean-up
      child.kill("SIGINT");
    });
    return ended(child);
  }

  it.each(["SIGINT", "SIGTERM"] as const)(
    "%s while a value comes in writes nothing",
    async (signal) => {
      const child = start(["set", "k"], { cwd: path() });
      const end = ended(child);
      await new Promise((resolve) => child.stdin.write(Buffer.alloc(1_000_000), resolve)); // it reads: it runs
      child.kill(signal);
      expect(await end).toMatchObject({
        exitCode: 130,
        stdout: "",
        stderr: `NADB_INTERRUPTED: interrupted (${signal})\n`,
      });
      expect(existsSync(path("data"))).toBe(false);
    },
  );

  it("SIGINT during backup create leaves no trace of it", async () => {
    await megabytes(48);
    await nadb("backup create first --namespace empty");
    const args = ["backup", "create", "second", "--json"];
    const { exitCode, stdout, stderr } = await interruptOnChange(args, "backups", /^second$/);
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(JSON.parse(stderr).code).toBe("NADB_INTERRUPTED");
    expect(readdirSync(path("backups")).sort()).toEqual(["first", "metadata.json"]);
    expect(await nadb("backup create second")).toMatchObject({ exitCode: 0 });
  });

  it("SIGINT during backup restore leaves the target as it was", async () => {
    await megabytes(48);
    await nadb("backup create first");
    await nadb("delete k1 k2");
    const before = await stats();
    const args = ["backup", "restore", "first", "--clear", "--yes", "--quiet"];
    const interrupted = await interruptOnChange(args, "data", /^data.mdb$/);
    expect(interrupted).toMatchObject({ exitCode: 130, stdout: "" });
    expect(await stats()).toEqual(before);
  });

  it("SIGINT during export leaves no files", async () => {
    await megabytes(48);
    mkdirSync(path("out"));
    const interrupted = await interruptOnChange(["export", "out"], "out", /^.nadb-export/);
    expect(interrupted).toMatchObject({ exitCode: 130, stdout: "" });
    expect(readdirSync(path("out"))).toEqual([]);
  });
});

describe("questions", () => {
  const plan = { question: "Replace everything?", fields: [["into", "the store"]] } as const;

  /** A session on a terminal where somebody types `keys`; answers what was shown, too. */
  function atTerminal(keys: string) {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    const shown: string[] = [];
    stderr.on("data", (chunk) => {
      shown.push(String(chunk));
      if (String(chunk).includes("Replace")) setImmediate(() => stdin.write(keys));
    });
    const flags = { json: false, quiet: false, yes: false };
    const terminal = { stdin, stdout: stderr, stderr } as unknown as Session["terminal"];
    const output = new Output(terminal.stdout, terminal.stderr, flags);
    const { signal } = new AbortController();
    return { session: { flags, terminal, output, signal } as unknown as Session, shown };
  }

  it("the plan is shown, and yes is yes", async () => {
    const { session, shown } = atTerminal("y");
    await confirmPlan(session, plan);
    expect(shown.join("")).toContain("into  the store");
  });

  it.each([
    ["no", "n"],
    ["the Enter key alone", "\r"],
    ["Ctrl-C", "\u0003"],
  ])("%s is no", async (_, keys) => {
    const { session } = atTerminal(keys);
    await expect(confirmPlan(session, plan)).rejects.toMatchObject({ name: "Interrupted" });
  });
});
