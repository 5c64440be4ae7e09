// The programs of the guides do what their comments promise.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const cli = fileURLToPath(new URL("..", import.meta.url));

const pageOf = (name: string): string => readFileSync(join(cli, "../../docs", name), "utf8");

const GUIDES = [
  "store.md",
  "retention.md",
  "archive.md",
  "schedule.md",
  "health.md",
  "repair.md",
  "targets.md",
];

it.each(GUIDES.filter((name) => pageOf(name).includes("```ts")))(
  "docs/%s is a program that prints what it promises",
  (name) => {
    const code = Array.from(
      pageOf(name).matchAll(/```ts\n(.*?)```/gs),
      ([, block = ""]) => block,
    ).join("\n");
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const folder = mkdtempSync(join(tmpdir(), "nadb-docs-"));
    const scripts = mkdtempSync(join(cli, "node_modules", ".docs-")); // where the packages resolve
    try {
      const script = join(scripts, "program.mjs");
      writeFileSync(script, outputText);
      const printed = execFileSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
      const promised = Array.from(code.matchAll(/console\.log.*\/\/ (.*)$/gm), ([, said]) => said);
      expect(promised.length).toBeGreaterThan(10);
      expect(printed.trim().split("\n")).toEqual(promised);
    } finally {
      for (const path of [folder, scripts]) rmSync(path, { recursive: true, force: true });
    }
  },
);
