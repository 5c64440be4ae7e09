// What a server must be, looked at when the backend opens: new enough, the one that takes writes, and one that never
// evicts. A store whose server throws keys away when memory runs short is no store. Of a cluster every master is asked.
import { NadbError } from "@nadb/core";
import { failure } from "./failures.js";
import { type Link, type Reply, word } from "./link.js";
import { scripts } from "./scripts.js";

const OLDEST = 7;

export interface ServerFacts {
  /** Every acknowledged write is on disk. */
  readonly flushesAlways: boolean;
}

export async function checkServer(link: Link, prefix: string): Promise<ServerFacts> {
  const infos = (await link.everywhere("info", [])).map((reply) => parseInfo(word(reply)));
  for (const info of infos) checkInfo(info);
  await checkRights(link, prefix);
  const logs = infos.every((info) => info.get("aof_enabled") === "1");
  return { flushesAlways: logs && (await appendsAlways(link)) };
}

function checkInfo(info: ReadonlyMap<string, string>): void {
  const version = info.get("redis_version") ?? "";
  if (!(Number.parseInt(version, 10) >= OLDEST)) {
    throw unsupported(
      `the server is Redis ${version || "of an unknown version"}`,
      `use Redis or Valkey from version ${OLDEST} on`,
    );
  }
  if (info.get("role") === "slave") {
    throw unsupported(
      "the server is a replica",
      "name the master, its sentinels (redis+sentinel://), or the cluster (redis+cluster://)",
    );
  }
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (policy === "noeviction") return;
  throw unsupported(
    `the server evicts: its maxmemory-policy is ${policy}`,
    "set maxmemory-policy to noeviction, or use a server that is no cache",
  );
}

/** Throws when the user may not read; one who may but read can open a store, and write nothing. */
async function checkRights(link: Link, prefix: string): Promise<void> {
  const { text } = scripts.rights;
  for (const reply of await link.everywhere("eval", [text, 0, `${prefix}:a`])) {
    const [reads, writes] = (reply as readonly Reply[]).map(word);
    if (reads !== "") throw forbidden(reads as string, prefix);
    if (writes !== "") link.forbidden = forbidden(writes as string, prefix);
  }
}

const forbidden = (command: string, prefix: string): NadbError =>
  command.startsWith("?")
    ? unsupported(
        `the server has no command ${command.slice(1)}`,
        "take its rename-command out of the server's configuration: scripts need it by its name",
      )
    : failure("open", new Error(`NOPERM the user may not run ${command} on keys of ${prefix}:*`));

const unsupported = (message: string, hint: string): NadbError =>
  new NadbError("NADB_UNSUPPORTED", message, { hint });

/** False where the server does not tell: CONFIG is often forbidden. */
async function appendsAlways(link: Link): Promise<boolean> {
  try {
    const replies = await link.everywhere("config", ["get", "appendfsync"]);
    return replies.every((reply) => word((reply as readonly Reply[])[1]) === "always");
  } catch {
    return false;
  }
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}
