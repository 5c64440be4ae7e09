// nadb backup archive: follows the store and archives what changes, in the foreground, one line for each thing done, until
// it is told to end; it ends behind the segment that it is writing. SIGTERM is how it is stopped: exit 0; whoever interrupts it
// by hand, or before --once is done, gets 130.
import {
  type ArchiveOptions,
  type ArchivePolicy,
  BackupManager,
  type Declaration,
  explainArchivePolicy,
  parseArchivePolicy,
  readDeclaration,
} from "@nadb/backup";
import { isNadbError, type KeyValueStore } from "@nadb/core";
import type { Command } from "commander";
import { parseDuration } from "../../duration.js";
import { usageError } from "../../failure.js";
import { Interrupted } from "../../interrupt.js";
import { targetOf } from "../../open-target.js";
import { checkRepository, mayMakeRepository, watchStores, withHint } from "../../places.js";
import { type Begin, openStore, type Session } from "../../session.js";
import { ArchiveLines } from "./archive-lines.js";
import { openRepository } from "./reader.js";

interface Options {
  readonly every?: string;
  readonly policy?: string;
  readonly replacePolicy?: true;
  readonly explain?: true;
  readonly once?: true;
}

const EVERYTHING = "everything";

export function addArchive(backup: Command, begin: Begin): void {
  backup
    .command("archive")
    .summary("follow the store, so that it can be restored to any time")
    .description(
      "follow the store and archive what changes, until you interrupt it; one line for each segment, with --json " +
        "one document a line",
    )
    .option("--every <time>", "how often to look; 1s if left out")
    .option(
      "--policy <levels>",
      `what stays restorable, such as 1s:1h,1m:24h,1d:90d (every:for), or ${EVERYTHING}; if left out what was declared last, at first ${EVERYTHING}`,
    )
    .option("--replace-policy", "let the policy promise less than what was declared: points go")
    .option("--explain", "say what the policy promises, and do nothing")
    .option("--once", "archive what has changed until now, and end")
    .action((options: Options, command: Command) => archive(begin(command), options));
}

async function archive(session: Session, options: Options): Promise<void> {
  const policy = options.policy === undefined ? {} : { policy: policyOf(options.policy) };
  const everySeconds = options.every === undefined ? undefined : parseDuration(options.every);
  if (options.explain && (options.once || options.replacePolicy))
    throw usageError("--explain does nothing: leave out --once and --replace-policy");
  if (options.explain) return explain(session, { everySeconds, ...policy });
  const replacePolicy = options.replacePolicy ?? false;
  await using store = await openStore(session, { create: false });
  const manager = await managerOf(session, store);
  const lines = new ArchiveLines(session.output);
  const { signal } = session;
  const every = everySeconds === undefined ? {} : { everySeconds };
  const how = { ...every, ...policy, replacePolicy, signal, ...lines.listeners };
  await (options.once ? once(session, manager, how, lines) : follow(session, manager, how, lines));
}

/** It goes on unwatched, perhaps begun by a machine that starts: it makes no repository where one may have been. */
async function managerOf({ flags }: Session, store: KeyValueStore): Promise<BackupManager> {
  const create = await mayMakeRepository(flags);
  try {
    return await BackupManager.open({ store, target: await targetOf(flags, { create }), create });
  } catch (error) {
    throw withHint(error);
  }
}

async function once(
  { signal }: Session,
  manager: BackupManager,
  how: ArchiveOptions,
  lines: ArchiveLines,
): Promise<void> {
  await manager.archiveOnce(how);
  if (!lines.hasArchived) lines.unchanged();
  await lines.written;
  signal.throwIfAborted();
}

/** Before each look it asks whether store and repository are still there. */
async function follow(
  { flags, signal }: Session,
  manager: BackupManager,
  how: ArchiveOptions,
  lines: ArchiveLines,
): Promise<void> {
  const isThere = await watchStores(flags);
  const around = async (look: () => Promise<void>): Promise<void> => {
    await isThere();
    await checkRepository(manager.repository.target);
    await look();
  };
  await (await manager.archive({ ...how, around })).done;
  await lines.written;
  const { reason } = signal;
  if (!(reason instanceof Interrupted) || reason.by !== "SIGTERM") signal.throwIfAborted();
}

const policyOf = (text: string): ArchivePolicy | null =>
  text === EVERYTHING ? null : parseArchivePolicy(text, parseDuration);

interface Explained {
  readonly everySeconds: number | undefined;
  /** Left out: as declared. */
  readonly policy?: ArchivePolicy | null;
}

async function explain(session: Session, wanted: Explained): Promise<void> {
  const declared = wanted.policy === undefined ? await declaredBy(session) : undefined;
  const policy = wanted.policy ?? declared?.policy ?? null;
  const everySeconds = wanted.everySeconds ?? declared?.everySeconds ?? 1;
  const promises = explainArchivePolicy(policy, everySeconds);
  const document = { everySeconds, policy, declared: declared !== undefined, promises };
  await session.output.result(document, promises.join("\n"));
}

/** Undefined where nothing is declared, or no repository is there. */
async function declaredBy(session: Session): Promise<Declaration | undefined> {
  const { db, namespace } = session.flags;
  try {
    const { target } = await openRepository(session);
    return await readDeclaration(target, { db, namespace });
  } catch (error) {
    const nothingThere = ["NADB_NOT_A_REPOSITORY", "NADB_NOT_A_STORE"] as const;
    if (nothingThere.some((code) => isNadbError(error, code))) return undefined;
    throw error;
  }
}
