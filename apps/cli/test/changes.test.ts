// The change feed on the command line: lines, documents, checkpoints, following, and how it ends.
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { ended, inFolder, start } from "./support/nadb.js";

const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";
const CHECKPOINT = "[0-9a-f]{16}-\\d+-[0-9a-f]{16}";

describe("changes", () => {
  const { nadb, json, open, path } = inFolder();

  async function documents(args = ""): Promise<Record<string, unknown>[]> {
    const { exitCode, stdout, stderr } = await nadb(`changes --json${args}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines.pop()).toBe("");
    return lines.map((line) => JSON.parse(line));
  }

  it("tells each put on a line, and the checkpoint on the last of the cut", async () => {
    await nadb("set b 1");
    await nadb("set a 2");
    const { stdout, stderr } = await nadb("changes");
    expect(stderr).toBe("");
    expect(stdout).toMatch(new RegExp(`^put\t2\t${TIME}\ta\nput\t1\t${TIME}\tb\t${CHECKPOINT}\n$`));
  });

  it("goes on from a checkpoint with what was put and deleted since", async () => {
    await nadb("set a 1");
    await nadb("set b 2");
    const [, { checkpoint } = {}] = await documents();
    expect(checkpoint).toBe((await json("stats")).checkpoint);
    await nadb("set c 3");
    await nadb("delete a");
    const { stdout } = await nadb(`changes --since ${checkpoint}`);
    expect(stdout).toMatch(
      new RegExp(`^put\t3\t${TIME}\tc\ndelete\t4\t${TIME}\ta\t${CHECKPOINT}\n$`),
    );
    const last = (await documents(` --since ${checkpoint}`)).at(-1);
    expect(last).toMatchObject({ type: "delete", key: "a", version: 4 });
    expect(await nadb(`changes --since ${last?.checkpoint}`)).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "no changes\n",
    });
    expect(await documents(` --since ${last?.checkpoint}`)).toEqual([]);
  });

  it("--json tells what get --json tells, the value by its length, with --values in base64", async () => {
    const value = randomBytes(1_000);
    await nadb("set a --tag t --ttl 1h", { input: value });
    const { checkpoint } = await json("stats");
    const change = { type: "put", ...(await json("get a --meta")), checkpoint };
    expect(change).toMatchObject({ bytes: 1_000, tags: ["t"], version: 1 });
    expect(await documents()).toEqual([change]);
    const shown = { value: value.toString("base64"), encoding: "base64" };
    expect(await documents(" --values")).toEqual([{ ...change, ...shown }]);
  });

  it("--values without --json is refused", async () => {
    await nadb("set a 1");
    const { exitCode, stdout, stderr } = await nadb("changes --values");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("--values needs --json");
  });

  it("a key can neither steer the terminal nor forge a field or a line", async () => {
    const key = "a\tb\nput\u001b[2J\u009b1m";
    {
      await using store = await open();
      await store.set(key, "");
    }
    const { stdout } = await nadb("changes");
    expect(stdout.split("\t")[3]).toBe("a\\tb\\nput\\u001b[2J\\u009b1m");
    expect(stdout.split("\n")).toHaveLength(2);
    expect((await nadb("changes --json")).stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(await documents()).toMatchObject([{ key }]);
  });

  it("a checkpoint of content that has been replaced is refused, never a silent gap", async () => {
    await nadb("set a 1");
    const { checkpoint } = await json("stats");
    {
      await using store = await open();
      await store.clear();
    }
    const { exitCode, stdout, stderr } = await nadb(`changes --since ${checkpoint}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^NADB_CHECKPOINT_EXPIRED: .*\nhint: begin anew without --since\n$/);
  });

  it("--follow tells what another process does, until it is interrupted", async () => {
    await nadb("set a 1");
    const child = start(["changes", "--follow", "--json"], { cwd: path() });
    const end = ended(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? "null");
    expect(await next()).toMatchObject({ key: "a", version: 1 });
    await nadb("set b 2");
    const { checkpoint, ...put } = await next();
    expect(put).toMatchObject({ type: "put", key: "b", version: 2 });
    expect(checkpoint).toBe((await json("stats")).checkpoint);
    await nadb("delete b");
    expect(await next()).toMatchObject({ type: "delete", key: "b", version: 3 });
    child.kill("SIGINT");
    const { exitCode, stdout, stderr } = await end;
    expect({ exitCode, lines: stdout.split("\n").length }).toEqual({ exitCode: 130, lines: 4 });
    expect(JSON.parse(stderr)).toMatchObject({ code: "NADB_INTERRUPTED" });
  });

  it("--follow ends without a word once nobody reads on", async () => {
    await nadb("set a 1");
    const child = start(["changes", "--follow"], { cwd: path() });
    const end = ended(child);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    await nadb("set b 2");
    expect(await end).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("the reader of a long run may go away", async () => {
    {
      await using store = await open();
      const keys = Array.from({ length: 20_000 }, (_, i) => `${"k".repeat(100)}${i}`);
      await store.setMany(keys.map((key) => ({ key, value: "" })));
    }
    const child = start(["changes"], { cwd: path() });
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended(child)).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await documents()).filter(({ checkpoint }) => checkpoint !== undefined)).toHaveLength(
      1,
    );
  });
});
