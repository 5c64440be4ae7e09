// Runs the built command as its users do: in a folder of its own, as a process of its own or in one that stays.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fsBackend } from "@nadb/backend-fs";
import { KeyValueStore, type StoreStats } from "@nadb/core";
import { afterEach, beforeEach } from "vitest";
import { runHosted } from "./host.js";

export const PROGRAM = fileURLToPath(new URL("../../dist/nadb.js", import.meta.url));

export interface Run {
  readonly exitCode: number | null;
  /** The exact bytes. */
  readonly bytes: Buffer;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly input?: Uint8Array | string;
  readonly env?: NodeJS.ProcessEnv;
  /** Of whoever it runs as; default: of this process. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export function start(
  args: readonly string[],
  options: RunOptions,
): ChildProcessWithoutNullStreams {
  const env = { ...cleanEnv(), ...options.env };
  return spawn(process.execPath, [PROGRAM, ...args], { cwd: options.cwd, env, ...options.user });
}

const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(NADB_|NO_COLOR|FORCE_COLOR)/.test(name)),
  );

/** Resolves when the process has ended and all it wrote is here. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Run> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const bytes = Buffer.concat(out);
  return { exitCode, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() };
}

export async function run(args: readonly string[], options: RunOptions): Promise<Run> {
  const child = start(args, options);
  child.stdin.on("error", () => undefined); // a command that reads no input may have ended already
  child.stdin.end(options.input ?? "");
  return ended(child);
}

/** In a process that stays; what only a process of its own can show wants `run`. */
async function hosted(args: readonly string[], options: RunOptions): Promise<Run> {
  const { cwd, env = {}, input = "" } = options;
  const { exitCode, ...written } = await runHosted({ args, cwd, env, input }, cleanEnv());
  const bytes = Buffer.from(written.stdout);
  const stderr = Buffer.from(written.stderr).toString();
  return { exitCode, bytes, stdout: bytes.toString(), stderr };
}

/** What is read when a process starts, or belongs to it as a whole. */
const needsProcess = ({ env = {}, user }: RunOptions, args: readonly string[]): boolean =>
  user !== undefined ||
  args.includes("--no-color") ||
  Object.keys(env).some((name) => !name.startsWith("NADB_"));

/** A fresh folder for each test; `nadb` runs in it. */
export function inFolder() {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nadb-cli-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const nadb = (line: string, options: Partial<RunOptions> = {}): Promise<Run> => {
    const args = words(line);
    const all = { cwd: folder, ...options };
    return needsProcess(all, args) ? run(args, all) : hosted(args, all);
  };

  return {
    path: (...parts: string[]) => join(folder, ...parts),
    /** Arguments are split at spaces; `''` is an empty one. */
    nadb,
    /** As `nadb`, for a command that must succeed; answers its JSON. */
    json: async (args: string, options: Partial<RunOptions> = {}) => {
      const { exitCode, stdout, stderr } = await nadb(`${args} --json`, options);
      if (exitCode !== 0) throw new Error(`nadb ${args}: exit ${exitCode}: ${stderr}`);
      return JSON.parse(stdout);
    },
    /** Opens the store in this process. */
    open: (name = "data") =>
      KeyValueStore.open({ backend: fsBackend({ path: join(folder, name) }) }),
    stats: (name = "data") => statsOf(join(folder, name)),
  };
}

const words = (line: string): string[] =>
  line.split(" ").map((word) => (word === "''" ? "" : word));

async function statsOf(path: string): Promise<StoreStats> {
  await using store = await KeyValueStore.open({ backend: fsBackend({ path, create: false }) });
  return store.stats();
}
