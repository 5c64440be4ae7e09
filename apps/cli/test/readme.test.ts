// What the README shows is run as it stands there.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const cli = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

function blocks(language: string): string[] {
  const fence = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs");
  return Array.from(readme.matchAll(fence), ([, code = ""]) => code);
}

describe("README", () => {
  let folder: string;
  let scripts: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nadb-readme-"));
    scripts = mkdtempSync(join(cli, "node_modules", ".readme-")); // where the packages resolve
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(scripts, { recursive: true, force: true });
  });

  it("its example has at most 15 lines of code and does what it says", () => {
    const [code = ""] = blocks("ts");
    expect(code.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(15);
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const script = join(scripts, "example.mjs");
    writeFileSync(script, outputText);
    const printed = execFileSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
    const promised = Array.from(code.matchAll(/console\.log.*\/\/ (.*)$/gm), ([, said]) => said);
    expect(printed.trim().split("\n")).toEqual(promised);
  });

  it("its commands run one after another", () => {
    const commands = blocks("sh").find((block) => block.includes("nadb backup create")) ?? "";
    expect(commands).toContain("alias nadb=");
    const asFunction = commands.replace(
      /^alias nadb=.*$/m,
      `nadb() { "${process.execPath}" "${join(cli, "dist/nadb.js")}" "$@"; }`,
    );
    cpSync(join(root, "docs"), join(folder, "docs"), { recursive: true });
    execFileSync("bash", ["-euo", "pipefail", "-c", asFunction], {
      cwd: folder,
      stdio: "pipe",
      timeout: 85_000,
    });
    expect(readFileSync(join(folder, "out/greeting"), "utf8")).toBe("hello");
  });
});
