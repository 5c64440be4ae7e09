// When a record is to expire: --ttl, a span from now, or --expires-at, an instant. What is typed is checked before a store
// is opened; a span begins when the record is written.
import { type Expiry, expiryAfter, invalidArgument } from "@nadb/core";
import { Option } from "commander";
import { parseDuration } from "./duration.js";
import { formatTime } from "./format.js";
import { parseInstant } from "./instant.js";

export interface ExpiryOptions {
  readonly ttl?: string;
  readonly expiresAt?: string;
}

export const expiryOptions = (): Option[] => [
  new Option("--ttl <span>", "expire this long from now: 500ms, 90s, 15m, 1h, 7d"),
  new Option("--expires-at <time>", "expire at this instant: 2030-01-31T12:00:00Z").conflicts(
    "ttl",
  ),
];

/** Throws NADB_INVALID_ARGUMENT for what is no span or instant, and for an instant that has passed. */
export function parseExpiry({ ttl, expiresAt }: ExpiryOptions): Expiry {
  if (ttl !== undefined) return { ttlSeconds: parseDuration(ttl) };
  return expiresAt === undefined ? {} : { expiresAt: futureInstant(expiresAt) };
}

/** Empty for a record that never expires. */
export function instantOf({ ttlSeconds, expiresAt }: Expiry): Pick<Expiry, "expiresAt"> {
  if (ttlSeconds !== undefined) return { expiresAt: expiryAfter(Date.now(), ttlSeconds) };
  return expiresAt === undefined ? {} : { expiresAt };
}

function futureInstant(text: string): number {
  const instant = parseInstant(text);
  if (instant > Date.now()) return instant;
  throw invalidArgument(`${formatTime(instant)} has passed`, "nadb delete removes a record");
}
