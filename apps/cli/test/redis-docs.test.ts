// docs/redis.md: its program runs, and what it says stands in the server is there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { redisBackend } from "@nadb/backend-redis";
import { KeyValueStore } from "@nadb/core";
import ts from "typescript";
import { beforeEach, describe, expect, it } from "vitest";
import { sharedServer } from "../../../packages/backend-redis/test/servers/index.js";
import { inFolder } from "./support/nadb.js";

const server = sharedServer();
const { nadb } = inFolder();
const cli = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(cli, "../../docs/redis.md"), "utf8");
const EXAMPLE_URL = "redis://:secret@localhost:6379";

const blocks = (language: string): string[] =>
  Array.from(
    page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs")),
    ([, code = ""]) => code,
  );

/** As it stands on the page, but for the server. */
function runProgram(): void {
  const [code = ""] = blocks("ts");
  expect(code).toContain(EXAMPLE_URL);
  const { outputText } = ts.transpileModule(code.replace(EXAMPLE_URL, server().url), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const scripts = mkdtempSync(join(cli, "node_modules", ".redis-docs-")); // where the packages resolve
  try {
    const script = join(scripts, "program.mjs");
    writeFileSync(script, outputText);
    execFileSync(process.execPath, [script], { stdio: "pipe" });
  } finally {
    rmSync(scripts, { recursive: true, force: true });
  }
}

const allKeys = async (): Promise<string[]> =>
  ((await server().call("KEYS", "*")) as string[]).sort();

/** The first words of a table's rows, by the words that head the table. */
function rows(head: string): string[][] {
  const [, table = ""] = page.split(`| ${head} |`);
  const lines = table.split("\n").slice(2);
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines
    .slice(0, end)
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

/** By a key as the table has it, without what it leaves out: the types it names. */
const TYPES = new Map(
  rows("key | type | what").flatMap(([keys = "", types = ""]) =>
    Array.from(keys.matchAll(/`([^`]+)`/g), ([, key = ""]): [string, string] => [bare(key), types]),
  ),
);

function bare(key: string): string {
  const general = key.replace(/\{.*?\}/, "{db/ns}").replace(/\b[0-9a-f]{12}\b/, "GENERATION");
  const named = general.replace(/:r:.*/s, ":r:KEY").replace(/:t:.*/s, ":t:TAG");
  return named.replace(/^nadb:\{db\/ns\}:|^…:/, "").replace(/^GENERATION:/, "");
}

describe("docs/redis.md", () => {
  beforeEach(runProgram);

  it("its program has stored what its command lists", async () => {
    const [, command = ""] = /`nadb (keys --store \S+)`/.exec(page) ?? [];
    const url = server().url;
    const args = command.replace("redis://localhost:6379", `${url} --db shop --namespace carts`);
    expect(await nadb(args)).toMatchObject({ exitCode: 0, stdout: "cart:7\n" });
  });

  it("HGETALL shows the record as it stands there", async () => {
    const [key = ""] = (await allKeys()).filter((one) => one.includes(":r:"));
    expect(key).toMatch(/^nadb:\{shop\/carts\}:[0-9a-f]{12}:r:cart:7$/);
    const [text = ""] = blocks("text");
    const fields = text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/ {2,}/));
    const found = (await server().call("HGETALL", key)) as string[];
    const record = Object.fromEntries(found.map((field, i) => [field, found[i + 1]]));
    expect(found.filter((_, i) => i % 2 === 0).sort()).toEqual(fields.map(([name]) => name).sort());
    for (const name of ["value", "tags", "version"]) {
      expect(record[name]).toBe(fields.find(([field]) => field === name)?.[1]);
    }
  });

  it("each key in the server is of a type that its table names", async () => {
    const backend = redisBackend({ url: server().url });
    await using store = await KeyValueStore.open({ backend, db: "shop", namespace: "carts" });
    await store.set("brief", "", { ttlSeconds: 100, tags: ["open"] });
    await store.delete("cart:7");
    const other = await backend.namespace({ db: "shop", namespace: "old" });
    await other.commit([{ type: "put", key: "k", value: new Uint8Array(1) }]);
    await backend.drop(other.id);
    const load = await store.storage.replace();
    const keys = await allKeys();
    expect(keys).toContainEqual(expect.stringContaining(":dropped:"));
    for (const key of keys) {
      const type = String(await server().call("TYPE", key)).replace("zset", "sorted set");
      expect([key, TYPES.get(bare(key))]).toEqual([key, expect.stringContaining(type)]);
    }
    await load.abort();
  });
});
