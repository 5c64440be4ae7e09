// nadb backup health: how the backups of a namespace stand, with a reason for each judgement. It only reads, needs no process
// alive, and what it can not reach is part of the answer. Exit 0 ok, 5 warning, 6 critical.
import { rename, rm, writeFile } from "node:fs/promises";
import {
  directoryTarget,
  gatherHealth,
  type Health,
  judgeHealth,
  prometheusText,
  Repository,
} from "@nadb/backup";
import type { StorageNamespace } from "@nadb/core";
import type { Command } from "commander";
import { fileError, usageError } from "../../failure.js";
import { formatTable, printable } from "../../format.js";
import { type Begin, backendOf, type Session } from "../../session.js";
import { Unhealthy } from "../../unhealthy.js";
import { addLimitOptions, type LimitOptions, limitsOf } from "./health-options.js";

interface Options extends LimitOptions {
  readonly prometheus?: string;
  readonly source: boolean;
}

export function addHealth(backup: Command, begin: Begin): void {
  addLimitOptions(backup.command("health"))
    .description("how the backups of a namespace stand; exit 5 for a warning, 6 when critical")
    .option("--no-source", "judge the repository by itself; the store is not looked at")
    .option("--prometheus <file>", "write metrics to a file, in one step; - for standard output")
    .action((options: Options, command: Command) => showHealth(begin(command), options));
}

async function showHealth(session: Session, options: Options): Promise<void> {
  const { flags, output } = session;
  if (options.prometheus === "-" && flags.json)
    throw usageError("--prometheus - and --json both write to standard output: choose one");
  const limits = limitsOf(options, flags.health);
  judgeHealth(noFacts(flags), limits); // a limit that is none is an error at once
  const health = judgeHealth(await gather(session, options), limits);
  const { prometheus: file } = options;
  if (file !== undefined && file !== "-") await writeInOneStep(file, prometheusText(health));
  if (file === "-") await output.raw(prometheusText(health));
  else await output.result(health, healthText(health));
  const { status, checks } = health;
  if (status === "ok") return;
  const worst = checks.filter((check) => check.status === status);
  throw new Unhealthy(status, `${status}: ${worst.map(({ reason }) => reason).join("; ")}`);
}

const noFacts = ({ db, namespace }: Session["flags"]) => ({
  now: 0,
  id: { db, namespace },
  repository: { code: "", message: "" },
  source: undefined,
});

/** The store is closed again, whatever came of it. */
async function gather(session: Session, { source }: Options) {
  const { flags, signal } = session;
  await using opened = new OpenedSource(session);
  return await gatherHealth({
    id: { db: flags.db, namespace: flags.namespace },
    clock: Date.now,
    repository: () => Repository.open(directoryTarget(flags.repo)),
    ...(source && { source: () => opened.open() }),
    signal,
  });
}

class OpenedSource implements AsyncDisposable {
  #close: (() => Promise<void>) | undefined;

  constructor(readonly session: Session) {}

  async open(): Promise<StorageNamespace> {
    const { db, namespace } = this.session.flags;
    const backend = await backendOf(this.session, { create: false });
    this.#close = () => backend.close();
    await backend.open();
    return backend.namespace({ db, namespace });
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

function healthText({ status, db, namespace, checks }: Health): string {
  const rows = checks.map((check) => [check.status, check.name, printable(check.reason)]);
  return `${db}/${namespace}: ${status}\n${formatTable(rows)}`;
}
