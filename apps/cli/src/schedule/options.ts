// From nadb.config.json to a schedule: the jobs, and the hooks, which are commands and URLs here.
import {
  type ArchiveJob,
  type JobRun,
  parseArchivePolicy,
  type RetentionPolicy,
  type RunName,
  type ScheduledJobs,
  type ScheduleHooks,
  type ScheduleOptions,
  type StartingRun,
  systemTimer,
  type Timer,
} from "@nadb/backup";
import { withoutPassword } from "@nadb/core";
import { limitsOf } from "../commands/backup/health-options.js";
import { policyOf } from "../commands/backup/retention-options.js";
import { parseDuration } from "../duration.js";
import { usageError } from "../failure.js";
import { toJson } from "../format.js";
import { absoluteRepository } from "../repository-url.js";
import type { ScheduleConfig } from "../schedule-schema.js";
import type { Flags, Session } from "../session.js";
import { runCommandHook } from "./command-hook.js";
import { callWeb, checkUrl } from "./web.js";

const HOOK_TIMEOUT_SECONDS = 300;

type Told = StartingRun<RunName> & Partial<JobRun>;
type Hooks = NonNullable<ScheduleConfig["hooks"]>;

/** Throws NADB_INVALID_ARGUMENT for what can not be. */
export function scheduleOptions(session: Session, timer: Timer = systemTimer()): ScheduleOptions {
  const { schedule: config } = session.flags;
  if (config === undefined)
    throw usageError('there is no schedule: write "schedule" in nadb.config.json');
  for (const field of ["webhook", "heartbeat"] as const) {
    const url = config[field];
    if (url !== undefined) checkUrl(`schedule.${field}`, url);
  }
  const { timeZone, jitterSeconds, catchUp } = config;
  return {
    ...jobsOf(session.flags, config),
    ...(timeZone !== undefined && { timeZone }),
    ...(jitterSeconds !== undefined && { jitterSeconds }),
    ...(catchUp !== undefined && { catchUp }),
    health: limitsOf({}, session.flags, session.flags),
    timer,
    signal: session.signal,
    hooks: hooksOf(session, config, timer),
  };
}

function jobsOf(flags: Flags, config: ScheduleConfig): ScheduledJobs {
  const { full, incremental, verify, drill, prune, archive } = config;
  return {
    ...(full !== undefined && { full }),
    ...(incremental !== undefined && { incremental }),
    ...(verify !== undefined && { verify }),
    ...(drill !== undefined && { drill }),
    ...(prune !== undefined && { prune: pruneOf(prune, policyFor(flags, config)) }),
    ...(archive !== undefined && { archive: archiveOf(archive) }),
  };
}

function archiveOf({
  every,
  policy,
  compression,
}: NonNullable<ScheduleConfig["archive"]>): ArchiveJob {
  return {
    ...(every !== undefined && { everySeconds: parseDuration(every) }),
    ...(policy !== undefined && { policy: parseArchivePolicy(policy, parseDuration) }),
    ...(compression !== undefined && { compression }),
  };
}

const pruneOf = (prune: NonNullable<ScheduleConfig["prune"]>, policy: RetentionPolicy) =>
  typeof prune === "string" ? { cron: prune, policy } : { ...prune, policy };

const policyFor = ({ retention }: Flags, config: ScheduleConfig): RetentionPolicy =>
  policyOf({}, config.retention ?? retention);

function hooksOf(session: Session, config: ScheduleConfig, timer: Timer): ScheduleHooks {
  const { hooks = {}, webhook, heartbeat } = config;
  const { signal } = session;
  const command = (name: keyof Omit<Hooks, "timeoutSeconds">) => async (run: Told) => {
    const line = hooks[name];
    if (line !== undefined) await runCommandHook(callOf(session, name, line, run), timer, signal);
  };
  const post = async (run: JobRun): Promise<void> => {
    const body = toJson(documentOf(session.flags, run));
    if (webhook !== undefined) await callWeb({ url: webhook, method: "POST", body }, timer, signal);
  };
  return {
    before: command("before"),
    after: (run) => both(command("after")(run), post(run)),
    onFailure: command("onFailure"),
    ...(heartbeat !== undefined && {
      heartbeat: () => callWeb({ url: heartbeat, method: "GET" }, timer, signal),
    }),
  };
}

/** One that fails does not keep the other from being done. */
async function both(...works: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(works);
  const failures = ended.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (failures.length > 0)
    throw new Error(failures.map(({ message }: Error) => message).join("; "));
}

/** What hooks and the webhook are told. */
const documentOf = (flags: Flags, run: Told): object => ({
  db: flags.db,
  namespace: flags.namespace,
  repo: withoutPassword(absoluteRepository(flags)),
  ...run,
});

function callOf({ flags }: Session, name: string, command: string, run: Told) {
  const { timeoutSeconds = HOOK_TIMEOUT_SECONDS } = flags.schedule?.hooks ?? {};
  return {
    name,
    command,
    folder: flags.scheduleFolder ?? ".",
    env: environmentOf(flags, name, run),
    document: documentOf(flags, run),
    timeoutMs: timeoutSeconds * 1000,
  };
}

/** What is not known yet, or is not there, is empty; of a run that is flagged the reason stands where the error would. */
function environmentOf(flags: Flags, hook: string, run: Told): Record<string, string> {
  const { job, trigger, outcome = "", backup, error } = run;
  return {
    NADB_HOOK: hook,
    NADB_JOB: job satisfies RunName,
    NADB_TRIGGER: trigger,
    NADB_OUTCOME: outcome,
    NADB_BACKUP_ID: backup?.backupId ?? "",
    NADB_ERROR_CODE: error?.code ?? (/flagged|skipped/.test(outcome) ? "NADB_HELD_BACK" : ""),
    NADB_ERROR: error?.message ?? whyFlagged(run),
    NADB_REPO: absoluteRepository(flags),
    NADB_DB: flags.db,
    NADB_NAMESPACE: flags.namespace,
  };
}

/** No longer than the environment of a process can take. */
const whyFlagged = ({ flags = [], hookErrors = [] }: Told): string =>
  [...flags, ...hookErrors].join("; ").slice(0, 8_192);
