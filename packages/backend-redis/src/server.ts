// What a server must be, looked at when the backend opens: new enough, the one that takes writes, and one that never
// evicts. A store whose server throws keys away when memory runs short is no store.
import { NadbError } from "@nadb/core";
import type { Link } from "./link.js";

const OLDEST = 7;

export interface ServerFacts {
  /** Every acknowledged write is on disk. */
  readonly flushesAlways: boolean;
}

export async function checkServer(link: Link): Promise<ServerFacts> {
  const info = parseInfo(String(await link.command("info", [])));
  const version = info.get("redis_version") ?? "";
  if (!(Number.parseInt(version, 10) >= OLDEST)) {
    throw new NadbError(
      "NADB_UNSUPPORTED",
      `the server is Redis ${version || "of an unknown version"}`,
      {
        hint: `use Redis or Valkey from version ${OLDEST} on`,
      },
    );
  }
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction") {
    throw new NadbError(
      "NADB_UNSUPPORTED",
      `the server evicts: its maxmemory-policy is ${policy}`,
      {
        hint: "set maxmemory-policy to noeviction, or use a server that is no cache",
      },
    );
  }
  return { flushesAlways: info.get("aof_enabled") === "1" && (await appendsAlways(link)) };
}

/** False where the server does not tell: CONFIG is often forbidden. */
async function appendsAlways(link: Link): Promise<boolean> {
  try {
    const reply = (await link.command("config", ["get", "appendfsync"])) as readonly unknown[];
    return String(reply[1]) === "always";
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
