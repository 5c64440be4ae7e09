// nadb.config.json: what a project says once instead of with every command. It is looked for in the current folder
// and the folders above it. INVARIANT: a field that is unknown or of the wrong type is refused, never passed over.
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { invalidArgument, NadbError } from "@nadb/core";
import type { ConfigValues } from "./config-schema.js";
import { fileError, systemCode } from "./failure.js";

export const CONFIG_FILE = "nadb.config.json";

export interface Config {
  /** Absolute. */
  readonly file: string;
  /** Relative paths in the values begin here. */
  readonly folder: string;
  readonly values: ConfigValues;
}

/**
 * The file that is named, or else the nearest one; undefined when there is none. Throws NADB_INVALID_ARGUMENT for
 * one that is not as it should be, NADB_NOT_FOUND when the one that is named is missing.
 */
export async function readConfig(named?: string): Promise<Config | undefined> {
  if (named !== undefined) return readNamed(resolve(named));
  for (const folder of foldersFrom(resolve("."))) {
    const file = join(folder, CONFIG_FILE);
    const text = await readIfThere(file);
    if (text !== undefined) return parse(file, text);
  }
  return undefined;
}

async function readNamed(file: string): Promise<Config> {
  const text = await readIfThere(file);
  if (text !== undefined) return parse(file, text);
  throw new NadbError("NADB_NOT_FOUND", `there is no file ${file}`);
}

function* foldersFrom(folder: string): Generator<string> {
  yield folder;
  const parent = dirname(folder);
  if (parent !== folder) yield* foldersFrom(parent);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw fileError(`reading ${file}`, error);
  }
}

async function parse(file: string, text: string): Promise<Config> {
  const { checkConfig } = await import("./config-schema.js"); // only who has a config waits for its check
  return { file, folder: dirname(file), values: checkConfig(file, parseJson(file, text)) };
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const [what] = (error as Error).message.split(/, (?:\.\.\.)?"/); // it goes on with the text, which may hold a password
    throw invalidArgument(`${file} is not JSON: ${what}`);
  }
}
