// What the numbers were measured on.
import { readFileSync } from "node:fs";
import {
  arch,
  availableParallelism,
  cpus,
  loadavg,
  release,
  tmpdir,
  totalmem,
  type,
} from "node:os";

export function machine() {
  return {
    cpu: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown"}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    lmdb: readPackageVersion("lmdb"),
    folder: tmpdir(),
    loadAtStart: loadavg()[0],
    date: new Date().toISOString().slice(0, 10),
  };
}

export const describe = ({ cpu, memoryGb, system, node, lmdb, folder, date }) =>
  `${cpu}, ${memoryGb} GB, ${system}, Node ${node}, lmdb ${lmdb}, files in ${folder}, ${date}`;

const readPackageVersion = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8"))
    .version;
