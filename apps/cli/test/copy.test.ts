// nadb copy, as processes: what it prints, what it refuses, how it ends.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { ended, inFolder, start } from "./support/nadb.js";

const COPY = "copy fs:./data fs:./other";

describe("copy", () => {
  const { path, nadb, json, stats } = inFolder();

  async function expectSame(): Promise<void> {
    const [from, to] = [await stats(), await stats("other")];
    expect([to.count, to.digest]).toEqual([from.count, from.digest]);
  }

  it("copies everything, then what has changed, then nothing, and says so", async () => {
    await json("set a 1 --tag t");
    await json("set b 2 --ttl 1h");
    const first = await nadb(COPY);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stderr).toBe("default/default: copy everything, 2 records, the first time\n");
    expect(first.stdout).toBe(
      "default/default: copied 2 records and 0 deletes; in sync, the digests are equal\n",
    );
    await json("delete a");
    await json("set c 3");
    expect(await json(COPY)).toMatchObject({
      copies: [{ step: "changes", copied: 1, deleted: 1, inSync: true }],
    });
    await expectSame();
    const last = await nadb(COPY);
    expect(last.stderr).toBe("default/default: nothing has changed\n");
    expect(last.stdout).toContain("nothing to copy");
  });

  it("copies from and to any namespace, also within one store", async () => {
    await json("set a 1");
    await json("copy fs:./data fs:./data --to-namespace second");
    expect((await nadb("get a --namespace second")).stdout).toBe("1");
    await json("copy fs:./data fs:./other --namespace second --to-namespace third");
    expect((await nadb("get a --namespace third --store fs:./other")).stdout).toBe("1");
  });

  it("--all-namespaces copies each, limited by --db", async () => {
    await json("set a 1 --db one");
    await json("set b 2 --db two --namespace x");
    expect((await json(`${COPY} --all-namespaces`)).copies).toHaveLength(2);
    expect((await nadb("get b --db two --namespace x --store fs:./other")).stdout).toBe("2");
    const limited = await json("copy fs:./data fs:./third --all-namespaces --db one");
    expect(limited.copies).toMatchObject([{ source: { db: "one" } }]);
    expect(await nadb(`${COPY} --all-namespaces --db none`)).toMatchObject({ exitCode: 1 });
  });

  it("asks before it replaces, and needs --overwrite or --force for it", async () => {
    await json("set a 1");
    await json("set mine 2 --store fs:./other");
    const refused = await nadb(COPY);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("holds 1 record that no copy has put there");
    expect((await nadb(`${COPY} --overwrite`)).stderr).toContain("there is no terminal to ask on");
    expect((await nadb("get mine --store fs:./other")).stdout).toBe("2");
    await json(`${COPY} --overwrite --yes`);
    await expectSame();
    await json("set mine 2 --store fs:./other");
    expect((await nadb(`${COPY} --overwrite --yes`)).stderr).toContain('"mine" was put');
    await json(`${COPY} --force --yes`);
    await expectSame();
  });

  it("refuses another source, and knows its own from any folder", async () => {
    await json("set a 1");
    await json("set a 1 --store fs:./third");
    await json(COPY);
    await json(`copy fs:${path("data")} fs:${path("other")}`, { cwd: path("data") });
    const other = await nadb("copy fs:./third fs:./other");
    expect(other).toMatchObject({ exitCode: 1 });
    expect(other.stderr).toContain("is a copy of");
  });

  it.each([
    ["copy fs:./data", 2, "missing required argument"],
    ["copy fs:./none fs:./other", 10, "no store"],
    ["copy fs:./data fs:./data", 2, "the same namespace"],
    [`${COPY} --all-namespaces --namespace x`, 2, "--namespace"],
    [`${COPY} --all-namespaces --to-namespace x`, 2, "--to-namespace"],
    [`${COPY} --namespace nadb.copies`, 2, "nadb.copies"],
    [`${COPY} --to-namespace nadb.copies`, 2, "nadb.copies"],
    [`${COPY} --follow --interval 0s`, 2, "span of time"],
    [`${COPY} --interval 5s`, 2, "--interval is for --follow"],
    [`${COPY} --store fs:./data`, 2, "takes two stores"],
    [`${COPY} --namespace typo`, 1, "there is no namespace default/typo in fs:./data"],
    [`${COPY} --namespace typo --until-synced`, 1, "NADB_NOT_FOUND"],
    [`${COPY} --db typo --follow`, 1, "NADB_NOT_FOUND"],
    ["copy data other", 2, "names no store"],
  ])("%s is refused with exit %i", async (args, code, says) => {
    await json("set a 1");
    const { exitCode, stdout, stderr } = await nadb(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
    expect(stderr).toContain(says);
    expect(existsSync(path("other")) && args.includes("typo")).toBe(false);
  });

  it("is done with once how far it was is dropped", async () => {
    await json("set a 1");
    await json(COPY);
    const drop = "drop nadb.copies --store fs:./other";
    expect((await nadb(drop)).stderr).toContain("there is no terminal to ask on");
    expect(await json(`${drop} --yes`)).toMatchObject({ records: 1 });
    expect(await nadb(`${drop} --yes`)).toMatchObject({ exitCode: 1, stdout: "" });
    expect((await nadb(`${drop} --namespace x --yes`)).exitCode).toBe(2);
    expect((await nadb("get a --store fs:./other")).stdout).toBe("1");
    expect((await nadb(COPY)).stderr).toContain("holds 1 record that no copy has put there");
  });

  it("--until-synced ends when both hold the same", async () => {
    await json("set a 1");
    const { exitCode, stdout } = await nadb(`${COPY} --until-synced`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "in sync: both hold the same\n" });
    const events = (await nadb(`${COPY} --until-synced --json`)).stdout.trim().split("\n");
    expect(events.map((line) => JSON.parse(line).event)).toEqual(["step", "synced"]);
    await expectSame();
  });

  it.each([
    ["SIGTERM", 0],
    ["SIGINT", 130],
  ] as const)(
    "--follow keeps up, refuses a second one, and ends with %s as %i",
    async (by, code) => {
      await json("set a 1");
      const child = start(
        ["copy", "fs:./data", "fs:./other", "-f", "--interval", "5ms", "--json"],
        {
          cwd: path(),
        },
      );
      const lines = createInterface(child.stdout);
      const end = ended(child);
      const said: { step: string; copied: number }[] = [];
      lines.on("line", (line) => said.push(JSON.parse(line)));
      const until = async (isThere: () => boolean) => {
        while (!isThere()) await once(lines, "line");
      };
      await until(() => said.length === 1);
      expect((await nadb(COPY)).exitCode).toBe(11);
      await json("set b 2");
      await until(() => said.at(-1)?.step === "changes");
      child.kill(by);
      expect(await end).toMatchObject({ exitCode: code });
      await expectSame();
      expect((await nadb(COPY)).exitCode).toBe(0);
    },
  );
});
