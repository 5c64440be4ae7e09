// nadb changes: the change feed, one line a change, so that scripts can follow a store. The last line of each cut
// carries the checkpoint from which --since goes on; nothing of a cut waits in here once its last line is known.
import { isNadbError, NadbError, type StoreChange } from "@nadb/core";
import type { Command } from "commander";
import { usageError } from "../failure.js";
import { formatTime, printable, toJson } from "../format.js";
import type { Output } from "../output.js";
import { type Begin, openStore, type Session } from "../session.js";

interface Options {
  readonly since?: string;
  readonly follow?: true;
  readonly values?: true;
}

/** Characters that go out in one write. */
const CHUNK = 64 * 1024;

export function addChanges(program: Command, begin: Begin): void {
  program
    .command("changes")
    .summary("what was put and deleted, one line a change")
    .description(
      "what was put and deleted, one line a change: what, version, time, key, and on the last line of a cut " +
        "its checkpoint; between tabs, or with --json one document a line",
    )
    .option("--since <checkpoint>", "only what changed after it; else everything there is, as puts")
    .option("-f, --follow", "go on with what happens later, until you interrupt it")
    .option("--values", "with --json: the values, too, in base64")
    .action((options: Options, command: Command) => showChanges(begin(command), options));
}

async function showChanges(session: Session, options: Options): Promise<void> {
  const { flags, output, signal } = session;
  if (options.values && !flags.json) {
    throw usageError("--values needs --json: a value may hold any bytes");
  }
  await using store = await openStore(session, { create: false });
  const { since = null, follow = false, values = false } = options;
  const changes = store.changes({ since, follow, signal });
  const lineOf = flags.json
    ? (change: StoreChange) => toJson(documentOf(change, values))
    : textLine;
  try {
    await writeLines(output, changes, lineOf);
  } catch (error) {
    throw beginAnew(error);
  }
}

async function writeLines(
  output: Output,
  changes: AsyncIterable<StoreChange>,
  lineOf: (change: StoreChange) => string,
): Promise<void> {
  let isEmpty = true;
  let text = "";
  for await (const change of changes) {
    isEmpty = false;
    text += `${lineOf(change)}\n`;
    if (change.checkpoint === undefined && text.length < CHUNK) continue;
    await output.raw(text);
    text = "";
  }
  if (isEmpty) output.note("no changes");
}

/** A key's own tabs are spelled out, so that a line has four fields, or five. */
function textLine(change: StoreChange): string {
  const { type, key, version, checkpoint } = change;
  const time = change.type === "put" ? change.updatedAt : change.deletedAt;
  const fields = [type, String(version), formatTime(time), printable(key)];
  if (checkpoint !== undefined) fields.push(printable(checkpoint));
  return fields.join("\t");
}

function documentOf(change: StoreChange, withValue: boolean): object {
  if (change.type === "delete") return change;
  const { value, checkpoint, ...rest } = change;
  const shown = { value: Buffer.from(value).toString("base64"), encoding: "base64" };
  return {
    ...rest,
    bytes: value.length,
    ...(withValue && shown),
    ...(checkpoint !== undefined && { checkpoint }),
  };
}

function beginAnew(error: unknown): unknown {
  if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) return error;
  const hint = "begin anew without --since";
  return new NadbError(error.code, error.message, { hint, cause: error });
}
