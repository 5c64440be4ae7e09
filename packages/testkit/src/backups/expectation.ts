// What a restore must do, told from the records of the backup and of the place by the plainest code that can be written.
import type { RestoreOptions } from "@nadb/backup";
import type { Content } from "../assertions.js";
import { isReadable } from "../check.js";
import type { Place } from "./place.js";
import type { Taken } from "./taken.js";

export interface Expectation {
  /** Taken from the backup, as they are to stand. */
  readonly loaded: readonly Content[];
  /** Of them, those that `onConflict` lets stand. */
  readonly written: readonly Content[];
  readonly filtered: number;
  readonly expired: number;
}

/** How many records, and bytes of values, a plan must tell. */
export type ExpectedPlan = Readonly<
  Record<"add" | "change" | "same" | "skip" | "delete" | "bytes" | "filtered" | "expired", number>
>;

export function expectRestore(taken: Taken, place: Place, options: RestoreOptions): Expectation {
  const selected = taken.records.filter((record) => isSelected(record, options));
  const loaded = selected.flatMap((record) => aged(record, taken.at, options, place.now));
  return {
    loaded,
    written: loaded.filter((record) => isWritten(record, place, options)),
    filtered: taken.records.length - selected.length,
    expired: selected.length - loaded.length,
  };
}

export function expectPlan(taken: Taken, place: Place, options: RestoreOptions): ExpectedPlan {
  const { loaded, filtered, expired } = expectRestore(taken, place, options);
  const plan = { add: 0, change: 0, same: 0, skip: 0, delete: 0, bytes: 0, filtered, expired };
  for (const record of loaded) {
    const action = actionFor(record, place, options);
    plan[action] += 1;
    if (action === "add" || action === "change") plan.bytes += record.value.length;
  }
  const there = place.oracle.readable(place.now).map(({ key }) => key);
  const keys = new Set(loaded.map(({ key }) => key));
  if (options.clearExisting) plan.delete = there.filter((key) => !keys.has(key)).length;
  return plan;
}

function actionFor(record: Content, place: Place, options: RestoreOptions) {
  const there = place.get(record.key);
  if (there === undefined) return "add";
  if (looksTheSame(record, there)) return "same";
  return isWritten(record, place, options) ? "change" : "skip";
}

function isSelected({ key, tags }: Content, options: RestoreOptions): boolean {
  const { prefixes = [], keys = [], tags: wanted = [] } = options;
  const isNamed = keys.includes(key) || prefixes.some((prefix) => key.startsWith(prefix));
  if (prefixes.length + keys.length > 0 && !isNamed) return false;
  return wanted.length === 0 || tags.some((tag) => wanted.includes(tag));
}

/** With the expiry it has after the restore; nothing when its life is over. */
function aged(record: Content, cut: number, { ttl }: RestoreOptions, now: number): Content[] {
  const { expiresAt, ...rest } = record;
  if (!isReadable(record, ttl === "extend" || ttl === "strip" ? cut : now)) return [];
  if (expiresAt === undefined || ttl === "strip") return [rest];
  return [{ ...rest, expiresAt: ttl === "extend" ? now + (expiresAt - cut) : expiresAt }];
}

function isWritten(record: Content, place: Place, options: RestoreOptions): boolean {
  const { clearExisting = false, onConflict = "overwrite" } = options;
  const there = place.get(record.key);
  if (clearExisting || there === undefined || onConflict === "overwrite") return true;
  return onConflict === "keep-newer" && record.updatedAt > there.updatedAt;
}

const looksTheSame = (a: Content, b: Content): boolean =>
  a.expiresAt === b.expiresAt &&
  a.tags.join("\0") === b.tags.join("\0") &&
  Buffer.compare(a.value, b.value) === 0;
