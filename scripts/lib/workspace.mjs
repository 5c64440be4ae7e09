// The packages of this workspace, read from the folders that pnpm-workspace.yaml names.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "./processes.mjs";

/** Every package: its name, its folder (absolute and from the root), its manifest. */
export function workspacePackages() {
  return ["packages", "apps"].flatMap(packagesUnder);
}

/** The files below `folder` whose name matches, as paths relative to it. */
export function filesUnder(folder, pattern) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).filter((path) => pattern.test(path));
}

function packagesUnder(group) {
  const parent = join(root, group);
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => existsSync(join(parent, name, "package.json")))
    .map((name) => {
      const folder = join(parent, name);
      const manifest = readJson(join(folder, "package.json"));
      return { name: manifest.name, path: `${group}/${name}`, folder, manifest };
    });
}
