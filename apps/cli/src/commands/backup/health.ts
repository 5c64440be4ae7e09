// nadb backup health: how the backups of a namespace stand, or with --all-namespaces of each, with a reason for each judgement.
// It changes nothing, needs no process alive, and what it can not reach is part of the answer. Exit 0 ok, 5 warning, 6 critical.
import { rename, rm, writeFile } from "node:fs/promises";
import {
  type Failure,
  gatherHealth,
  type Health,
  type HealthOfAll,
  healthOfAllNamespaces,
  judgeHealth,
  prometheusText,
  Repository,
} from "@nadb/backup";
import type { StorageBackend } from "@nadb/core";
import type { Command } from "commander";
import { failureOf, fileError, usageError } from "../../failure.js";
import { formatTable, printable } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { type Begin, backendOf, type Session } from "../../session.js";
import { Unhealthy } from "../../unhealthy.js";
import { allNamespaces, dbOf, leftOutText, nameOf } from "./all-namespaces.js";
import { addLimitOptions, type LimitOptions, limitsOf } from "./health-options.js";

interface Options extends LimitOptions {
  readonly allNamespaces?: true;
  readonly prometheus?: string;
  readonly source: boolean;
  readonly probe: boolean;
}

export function addHealth(backup: Command, begin: Begin): void {
  addLimitOptions(backup.command("health"))
    .description("how the backups of a namespace stand; exit 5 for a warning, 6 when critical")
    .addOption(
      allNamespaces("of each namespace of the store and of the repository; the worst counts"),
    )
    .option("--no-source", "judge the repository by itself; the store is not looked at")
    .option("--no-probe", "do not try whether the repository can be written to")
    .option("--prometheus <file>", "write metrics to a file, in one step; - for standard output")
    .action((options: Options, command: Command) => {
      const session = begin(command);
      checkOutputs(session, options);
      if (options.allNamespaces) return showAll(session, options, dbOf(command));
      return showOne(session, options);
    });
}

function checkOutputs({ flags }: Session, { prometheus }: Options): void {
  if (prometheus === "-" && flags.json)
    throw usageError("--prometheus - and --json both write to standard output: choose one");
}

async function showOne(session: Session, options: Options): Promise<void> {
  const { flags, signal } = session;
  const id = { db: flags.db, namespace: flags.namespace };
  const limits = limitsOf(options, flags, id);
  judgeHealth({ now: 0, id, repository: NONE, source: undefined }, limits); // one that is none is an error at once
  await using opened = new OpenedSource(session);
  const source = async () => (await opened.open()).namespace(id);
  const facts = await gatherHealth({
    ...repositoryOf(session),
    id,
    ...(options.source && { source }),
    probe: options.probe,
    signal,
  });
  const health = judgeHealth(facts, limits);
  await tell(session, options, health, healthText(health));
  endAs(health.status, worstReasons(health));
}

async function showAll(session: Session, options: Options, db: string | undefined): Promise<void> {
  const { flags, signal } = session;
  limitsOf(options, flags, flags); // one that is none is an error at once
  await using opened = new OpenedSource(session);
  const what = {
    ...repositoryOf(session),
    ...(options.source && { source: () => opened.open() }),
    ...(db !== undefined && { db }),
    probe: options.probe,
    signal,
  };
  const all = await healthOfAllNamespaces(what, (id) => limitsOf(options, flags, id));
  for (const one of all.leftOut) session.output.note(leftOutText(one));
  await tell(session, options, all, allText(all));
  endAs(all.status, [...worstReasons(all), ...all.namespaces.flatMap(namedReasons(all.status))]);
}

const NONE: Failure = { code: "", message: "" };

const repositoryOf = ({ flags }: Session) => ({
  clock: Date.now,
  repository: async () => Repository.open(await targetOf(flags)),
});

/** A file that can not be written is told, too; what ends the command is health, when that is not ok. */
async function tell(
  { output }: Session,
  { prometheus: file }: Options,
  health: Health | HealthOfAll,
  text: string,
): Promise<void> {
  if (file === "-") return output.raw(prometheusText(health));
  const written = file === undefined ? [] : [writeInOneStep(file, prometheusText(health))];
  const [outcome] = await Promise.allSettled(written);
  await output.result(health, text);
  if (outcome?.status !== "rejected") return;
  if (health.status === "ok") throw outcome.reason;
  const failure = failureOf(outcome.reason);
  if (failure !== undefined) output.failure(failure);
}

/** Throws unless it is ok. */
function endAs(status: Health["status"], reasons: readonly string[]): void {
  if (status !== "ok") throw new Unhealthy(status, `${status}: ${reasons.join("; ")}`);
}

const worstReasons = ({ status, checks }: Pick<Health, "status" | "checks">): string[] =>
  checks.filter((check) => check.status === status).map(({ reason }) => reason);

const namedReasons =
  (status: Health["status"]) =>
  (health: Health): string[] =>
    health.status === status ? [`${nameOf(health)}: ${worstReasons(health).join("; ")}`] : [];

/** The store is closed again, whatever came of it. */
class OpenedSource implements AsyncDisposable {
  #close: (() => Promise<void>) | undefined;

  constructor(readonly session: Session) {}

  async open(): Promise<StorageBackend> {
    const backend = await backendOf(this.session, { create: false });
    this.#close = () => backend.close();
    await backend.open();
    return backend;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close?.();
  }
}

/** Whoever collects metrics sees the old file or the new one, never half of one. */
async function writeInOneStep(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw fileError(`writing ${file}`, error);
  }
}

function healthText(health: Health): string {
  return `${nameOf(health)}: ${health.status}\n${checksText(health)}`;
}

/** The whole first, then each; of those that are ok one line. */
const allText = (all: HealthOfAll): string =>
  [
    `all namespaces: ${all.status}\n${checksText(all)}`,
    ...all.namespaces.map((one) => (one.status === "ok" ? `${nameOf(one)}: ok` : healthText(one))),
  ].join("\n\n");

const checksText = ({ checks }: Pick<Health, "checks">): string =>
  formatTable(checks.map((check) => [check.status, check.name, printable(check.reason)]));
