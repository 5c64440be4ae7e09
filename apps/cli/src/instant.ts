// An instant as it is typed: an ISO time that says its zone, so that it means the same everywhere.
import { invalidArgument, quote } from "@nadb/core";

const ISO =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d{2}))T[012]\d:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** In ms since the epoch; what is finer is cut off. Throws NADB_INVALID_ARGUMENT for anything but an ISO time. */
export function parseInstant(text: string): number {
  const [, date = "", day = ""] = ISO.exec(text) ?? [];
  const time = date === "" ? Number.NaN : Date.parse(text);
  if (!Number.isNaN(time) && new Date(date).getUTCDate() === Number(day)) return time;
  throw invalidArgument(`${quote(text)} is no ISO time with a zone`, "write 2030-01-31T12:00:00Z");
}
