// nadb copy FROM TO: makes one store a copy of another, once or, with --follow, for as long as it runs. How far the copy is, is
// kept in TO, so it may be ended at any instant and run again. Words go to stderr; stdout has the result, or with --json events.
import { directoryTarget } from "@nadb/backup";
import {
  COPIES_NAMESPACE,
  type CopyOptions,
  type CopyPlan,
  NadbError,
  type StorageBackend,
} from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../confirm.js";
import { parseDuration } from "../duration.js";
import { usageError } from "../failure.js";
import { Interrupted } from "../interrupt.js";
import { ProgressLine } from "../progress.js";
import { type Begin, folderOfStore, type Session, storeName } from "../session.js";
import { allNamespaces, dbOf, openBackend } from "./backup/all-namespaces.js";
import { type CopyJob, jobOfAll, jobOfOne } from "./copy-job.js";
import { CopyLines, copiedText, planFields } from "./copy-text.js";

interface Options {
  readonly allNamespaces?: true;
  readonly toNamespace?: string;
  readonly follow?: true;
  readonly untilSynced?: true;
  readonly interval?: string;
  readonly overwrite?: true;
  readonly force?: true;
}

const EVERY = "1s";

export function addCopy(program: Command, begin: Begin): void {
  program
    .command("copy")
    .summary("make one store a copy of another, or keep it one")
    .description(
      "copy a namespace from one store to another: the first time everything, later what has changed; with --follow " +
        "until you interrupt it, with --until-synced until both hold the same",
    )
    .argument("<from>", "the URL of the store that is read")
    .argument("<to>", "the URL of the store that becomes the copy; it is made when there is none")
    .addOption(allNamespaces("each namespace of the store, or of the database that --db names"))
    .option("--to-namespace <name>", "the namespace's name in the copy, if it is another")
    .option("-f, --follow", "go on with what changes later")
    .option("--until-synced", "follow, and end when both hold the same")
    .option("--interval <time>", `how often a follower looks (default: ${EVERY})`)
    .option("--overwrite", "replace what the target holds and no copy has put there")
    .option("--force", "discard what somebody else has changed at the target since")
    .action((from: string, to: string, options: Options, command: Command) => {
      if (command.getOptionValueSourceWithGlobals("store") === "cli")
        throw usageError("copy takes two stores, FROM and TO: --store does not go with it");
      const db = options.allNamespaces ? { db: dbOf(command) } : undefined;
      return copy(begin(command), from, to, options, db);
    });
}

async function copy(
  session: Session,
  fromUrl: string,
  toUrl: string,
  options: Options,
  all: { readonly db: string | undefined } | undefined,
): Promise<void> {
  if (all && options.toNamespace !== undefined)
    throw usageError("--all-namespaces and --to-namespace do not go together");
  const untilSynced = options.untilSynced === true;
  const follows = untilSynced || options.follow === true;
  if (options.interval !== undefined && !follows)
    throw usageError("--interval is for --follow and --until-synced");
  const everySeconds = parseDuration(options.interval ?? EVERY);
  const [source, target] = [sessionOn(session, fromUrl), sessionOn(session, toUrl)];
  await using from = await openBackend(source, { create: false });
  if (all === undefined) await checkExists(source, from.backend);
  await using to = await openBackend(target, { create: true });
  using line = new ProgressLine(session.output);
  const how: CopyOptions = { ...permitted(options), ...identity(source), onProgress: line.show };
  const signalled = { ...how, signal: session.signal };
  const job = all
    ? jobOfAll(from.backend, to.backend, {
        ...signalled,
        ...(all.db !== undefined && { db: all.db }),
      })
    : await jobOfOne(session.flags, from.backend, to.backend, {
        ...signalled,
        to: options.toNamespace,
      });
  const plans = await job.plan();
  if (plans.length === 0 && !options.follow) throw nothingThere(source);
  await agree(session, plans, storeName(target.flags));
  if (follows) await follow(session, job, line, { everySeconds, untilSynced });
  else await once(session, job, line);
}

/** A name that nobody has ever written to is a mistake, and a copy of it would be taken for one of the data. */
async function checkExists({ flags }: Session, from: StorageBackend): Promise<void> {
  const { db, namespace } = flags;
  const { generation } = await (await from.namespace({ db, namespace })).head();
  if (generation !== "" || namespace === COPIES_NAMESPACE) return; // that one is refused as such
  throw new NadbError(
    "NADB_NOT_FOUND",
    `there is no namespace ${db}/${namespace} in ${storeName(flags)}`,
    {
      hint: "a namespace is there once something was written to it",
    },
  );
}

const nothingThere = ({ flags }: Session): NadbError =>
  new NadbError("NADB_NOT_FOUND", `there is no namespace to copy in ${storeName(flags)}`);

/** A store that is named with the command is looked for from the current folder. */
function sessionOn(session: Session, store: string): Session {
  const { storeFolder: _, ...flags } = session.flags;
  return { ...session, flags: { ...flags, store } };
}

const permitted = ({ overwrite, force }: Options) => ({
  overwrite: overwrite === true,
  force: force === true,
});

/** The source by its place, whatever the current folder is; and who copies, as locks in folders tell it. */
function identity({ flags }: Session): Pick<CopyOptions, "source" | "holder"> {
  const folder = folderOfStore(flags);
  const source = folder === undefined ? withoutHow(storeName(flags)) : `fs:${folder}`;
  return { source, holder: directoryTarget(".") };
}

/** What a URL says of how to reach the store, and to write to it, names no other one. */
const HOW = /(?<=[?&])(?:partitions|retrySeconds|scriptMutations)=[^&]*(?:&|$)/g;

const withoutHow = (url: string): string => url.replace(HOW, "").replace(/[?&]$/, "");

/** What is replaced is asked for; anything else is only told. */
async function agree(session: Session, plans: readonly CopyPlan[], to: string): Promise<void> {
  const fields = plans.map(planFields);
  const lost = plans.reduce((sum, { replaces }) => sum + replaces, 0);
  if (lost > 0) return confirmPlan(session, { question: `Replace what ${to} holds?`, fields });
  for (const [name, text] of fields) session.output.note(`${name}: ${text}`);
}

async function once({ output }: Session, job: CopyJob, line: ProgressLine): Promise<void> {
  const copied = await job.once();
  line.clear();
  await output.result({ copies: copied }, copied.map(copiedText).join("\n"));
}

/** SIGTERM is how a follower is ended: exit 0, unless it was to end when both hold the same. */
async function follow(
  session: Session,
  job: CopyJob,
  line: ProgressLine,
  how: { everySeconds: number; untilSynced: boolean },
): Promise<void> {
  const lines = new CopyLines(session.output);
  for await (const event of job.follow(how)) {
    line.clear();
    await lines.tell(event);
    if (event.type === "synced") return;
  }
  const { reason } = session.signal;
  const isEnded = reason instanceof Interrupted && reason.by === "SIGTERM" && !how.untilSynced;
  if (!isEnded) session.signal.throwIfAborted();
}
