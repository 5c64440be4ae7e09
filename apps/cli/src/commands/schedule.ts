// nadb schedule: runs backups by the clock, in the foreground, as nadb.config.json says, until it is told to end. One line
// for each run. SIGTERM is how it is stopped: exit 0; whoever interrupts it by hand gets 130.
import {
  BackupSchedule,
  JOB_NAMES,
  type JobName,
  type JobRun,
  nextRuns,
  runScheduledJob,
  type ScheduleOptions,
} from "@nadb/backup";
import { type ErrorCode, NadbError } from "@nadb/core";
import { type Command, Option } from "commander";
import { EXIT } from "../exit-codes.js";
import { failureOf, usageError } from "../failure.js";
import { toJson } from "../format.js";
import { HeldBack } from "../held-back.js";
import { Interrupted } from "../interrupt.js";
import { scheduleOptions } from "../schedule/options.js";
import { archiveDocument, archiveText, explainText, runText } from "../schedule/run-text.js";
import { ScheduleSource } from "../schedule/source.js";
import type { Begin, Session } from "../session.js";

interface Options {
  readonly explain?: true;
  readonly once?: JobName;
}

export function addSchedule(program: Command, begin: Begin): void {
  program
    .command("schedule")
    .summary("take, verify, drill and prune backups by the clock, and archive")
    .description(
      'run the jobs under "schedule" in nadb.config.json, in the foreground, until you interrupt it; one line for ' +
        "each run, with --json one document a line",
    )
    .option("--explain", "print the next runs of each job, and do nothing")
    .addOption(new Option("--once <job>", "run one job now, and end").choices([...JOB_NAMES]))
    .action((options: Options, command: Command) => schedule(begin(command), options));
}

async function schedule(session: Session, { explain, once }: Options): Promise<void> {
  if (explain && once) throw usageError("--explain runs nothing: leave out --once");
  const options = scheduleOptions(session);
  if (explain) return showNext(session, options);
  if (once === undefined) return follow(session, options);
  await runOnce(session, options, once);
}

async function showNext({ output }: Session, options: ScheduleOptions): Promise<void> {
  const runs = nextRuns(options, Date.now());
  const archives = options.archive === undefined ? [] : [archiveDocument(options.archive)];
  const texts = [...runs.map(explainText), ...archives.map(archiveText)];
  await output.result([...runs, ...archives], texts.join("\n"));
}

async function runOnce(session: Session, options: ScheduleOptions, job: JobName): Promise<void> {
  const { output, signal } = session;
  if (options[job] === undefined)
    throw usageError(`"schedule" in nadb.config.json has no ${job} that could be run once`);
  const run = await runScheduledJob(new ScheduleSource(session).open, options, job);
  await output.result(run, runText(run));
  signal.throwIfAborted();
  if (run.outcome === "done") return;
  if (run.error === null) throw flagged(run);
  const { code, message, hint } = run.error;
  if (code === "NADB_UNEXPECTED") throw new Error(message);
  throw new NadbError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}

const flagged = ({ job, flags, hookErrors }: JobRun): HeldBack =>
  new HeldBack(
    `${job} is done, but: ${[...flags, ...hookErrors].join("; ")}`,
    "somebody should look at it; nadb backup health tells how the backups stand",
  );

async function follow(session: Session, options: ScheduleOptions): Promise<void> {
  const { output, flags, signal } = session;
  let writing: Promise<void> = Promise.resolve();
  const stop = new AbortController();
  const onRun = (run: JobRun): void => {
    const line = flags.json ? toJson(run) : runText(run);
    writing = writing.then(() => output.raw(`${line}\n`));
    writing.catch(() => stop.abort()); // nobody listens any more
  };
  const both = AbortSignal.any([signal, stop.signal]);
  const running = new BackupSchedule(new ScheduleSource(session).open, {
    ...options,
    signal: both,
    onRun,
  });
  const jobs = running.jobs.map(({ name }) => name);
  const all = options.archive === undefined ? jobs : [...jobs, "archive"];
  output.note(`scheduled: ${all.join(", ")}; interrupt to end`);
  await running.done.catch((error) => endNow(session, error));
  await writing;
  if (!(signal.reason instanceof Interrupted) || signal.reason.by !== "SIGTERM")
    signal.throwIfAborted();
}

/** What runs did not end in time: it would keep the process alive. */
function endNow({ output }: Session, error: unknown): never {
  const failure = failureOf(error);
  if (failure !== undefined) output.failure(failure);
  process.exit(EXIT.failed);
}
