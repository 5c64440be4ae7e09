// The file that pins a backup: it lies beside the manifest, so it goes with the backup, survives a lost index, and leaves the
// manifest and all that links to it as they are. INVARIANT: a pin that can not be read still holds.
//
//   ID/pin.json   {"format": "nadb-pin", "format_version": 1, "reason": text or null, "pinned_at": ISO time}
import { corruption, isNadbError, NadbError, quote } from "@nadb/core";
import { isObject, parseJson } from "../manifest.js";
import { pinPath } from "../paths.js";
import { mapSeveral } from "../several.js";
import { type BackupTarget, readWhole } from "../target.js";

const PIN_FORMAT = "nadb-pin";
const PIN_VERSION = 1;
const MAX_PIN_BYTES = 1 << 16;
const READ_AT_ONCE = 16;

export interface Pin {
  readonly backupId: string;
  /** What it is pinned for; null when nobody said. */
  readonly reason: string | null;
  /** ISO 8601 in UTC; null when the pin can not be read. */
  readonly pinnedAt: string | null;
}

/** Undefined when the backup is not pinned. */
export async function readPin(target: BackupTarget, backupId: string): Promise<Pin | undefined> {
  const path = pinPath(backupId);
  try {
    return decode(await readWhole(target, path, MAX_PIN_BYTES), backupId, path);
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND")) return undefined;
    if (isNadbError(error, "NADB_CORRUPTION"))
      return { backupId, reason: "its pin can not be read", pinnedAt: null };
    throw error;
  }
}

/** The pins of those of the backups that are pinned, in their order. */
export async function readPins(
  target: BackupTarget,
  backups: readonly { readonly backupId: string }[],
): Promise<Pin[]> {
  const pins = await mapSeveral(backups, READ_AT_ONCE, ({ backupId }) => readPin(target, backupId));
  return pins.filter((pin) => pin !== undefined);
}

/** Throws NADB_CONFLICT. */
export async function checkNotPinned(target: BackupTarget, backupId: string): Promise<void> {
  const pin = await readPin(target, backupId);
  if (pin === undefined) return;
  const why = pin.reason === null ? "" : `: ${pin.reason}`;
  throw new NadbError("NADB_CONFLICT", `the backup ${quote(backupId)} is pinned${why}`, {
    hint: "unpin it first, if it really may go",
  });
}

export function encodePin({ reason, pinnedAt }: Pin): Uint8Array {
  const json = { format: PIN_FORMAT, format_version: PIN_VERSION, reason, pinned_at: pinnedAt };
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}

/** Of a newer version it takes what it knows: the pin holds in any case. */
function decode(bytes: Uint8Array, backupId: string, path: string): Pin {
  const json = parseJson(bytes, path);
  if (!isObject(json) || json.format !== PIN_FORMAT) throw corruption(`${path} is no pin`);
  const { reason, pinned_at: pinnedAt } = json;
  return {
    backupId,
    reason: typeof reason === "string" ? reason : null,
    pinnedAt: typeof pinnedAt === "string" ? pinnedAt : null,
  };
}
