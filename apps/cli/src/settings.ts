// What nadb.config.json says is filled in where neither a flag nor the environment does: flags over environment over
// config over defaults, value by value. The list of plugins is one value.
import { resolve } from "node:path";
import type { Command } from "commander";
import { type Config, readConfig } from "./config.js";
import { repositoryUrl } from "./repository-url.js";
import type { Flags } from "./session.js";

/** Changes the option values of the program. Throws what readConfig throws. */
export async function applyConfig(program: Command): Promise<void> {
  if (program.getOptionValueSource("plugin") === "env") splitPlugins(program);
  const config = await readConfig(program.opts<{ config?: string }>().config);
  if (config === undefined) return;
  for (const [option, flags] of Object.entries(flagsOf(config))) {
    if (program.getOptionValueSource(option) === "default") fill(program, flags, "config");
  }
  const { retention } = config.values; // no global option stands for it
  if (retention !== undefined) fill(program, { retention }, "config");
  const { health } = config.values;
  if (health !== undefined) fill(program, { health }, "config");
  const { schedule } = config.values;
  if (schedule !== undefined) fill(program, { schedule, scheduleFolder: config.folder }, "config");
}

/** NADB_PLUGINS is a list with commas; --plugin is not, it is repeated. */
function splitPlugins(program: Command): void {
  const names = program.opts<Flags>().plugin.flatMap((list) => list.split(","));
  const plugin = names.map((name) => name.trim()).filter((name) => name !== "");
  fill(program, { plugin }, "env");
}

function fill(program: Command, flags: Partial<Flags>, source: string): void {
  for (const [name, value] of Object.entries(flags)) {
    program.setOptionValueWithSource(name, value, source);
  }
}

/** By option, what it comes to. */
function flagsOf({ folder, values }: Config): Record<string, Partial<Flags>> {
  const { store, db, namespace, repo, plugins } = values;
  return {
    ...(store !== undefined && { store: { store, storeFolder: folder } }),
    ...(db !== undefined && { db: { db } }),
    ...(namespace !== undefined && { namespace: { namespace } }),
    ...(repo !== undefined && { repo: repositoryIn(folder, repo) }),
    ...(plugins !== undefined && { plugin: { plugin: plugins, pluginFolder: folder } }),
  };
}

function repositoryIn(folder: string, repo: string): Partial<Flags> {
  if (repositoryUrl(repo) === undefined) return { repo: resolve(folder, repo) };
  return { repo, repoFolder: folder };
}
