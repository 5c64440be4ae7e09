// nadb backup create [LABEL] --all-namespaces: a backup of each namespace, all of them or none.
import { backupAllNamespaces, namespacesToBackUp, Repository, type TakenSet } from "@nadb/backup";
import { checkName, invalidArgument } from "@nadb/core";
import { plural } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import type { Session } from "../../session.js";
import { leftOutText, nameOf, openBackend } from "./all-namespaces.js";
import { checkOptions, howToWrite, type Options } from "./create-options.js";
import { listText } from "./info.js";
import { checkUsual, unusualAmong } from "./unusual.js";

/** Nothing is made, and no repository, where there is no namespace. */
export async function createSet(
  session: Session,
  label: string | undefined,
  options: Options,
  db: string | undefined,
): Promise<void> {
  checkSetOptions(label, options);
  const { flags, output } = session;
  await using opened = await openBackend(session, { create: false });
  await namespacesToBackUp(opened.backend, db);
  const repository = await Repository.open(await targetOf(flags, { create: true }), {
    create: true,
  });
  const set = await take(session, {
    backend: opened.backend,
    repository,
    ...(label === undefined ? {} : { label }),
    ...(db === undefined ? {} : { db }),
    incremental: options.incremental === true,
    skipUnchanged: options.skipUnchanged === true,
    ...howToWrite(options),
  });
  for (const note of notesOn(set, options)) output.note(note);
  await output.result(set, setText(set));
  const ids = set.created ? set.backups.map(({ backupId }) => backupId) : [];
  checkUsual(await unusualAmong(repository, ids));
}

function checkSetOptions(label: string | undefined, options: Options): void {
  if (label !== undefined) checkName("label", label);
  checkOptions(undefined, options);
  if (options.label !== undefined)
    throw invalidArgument("--label is for single backups", "the name of the set is its label");
  if (options.parent !== undefined)
    throw invalidArgument(
      "--parent is for single backups",
      "each backup of the set goes on from the newest of its namespace",
    );
}

async function take(
  { output, signal }: Session,
  options: Parameters<typeof backupAllNamespaces>[0],
): Promise<TakenSet> {
  using line = new ProgressLine(output);
  return await backupAllNamespaces({ ...options, signal, onProgress: line.show });
}

function notesOn(
  { created, backups, added, dropped, leftOut }: TakenSet,
  { incremental }: Options,
): string[] {
  const others = leftOut.map(leftOutText);
  if (!created) return others;
  const fulls = incremental ? backups.filter(({ backupType }) => backupType === "full") : [];
  return [
    ...fulls.map(({ backupId }) => `${backupId} is full: there is no backup it could go on from`),
    ...added.map((id) => `${nameOf(id)} was made meanwhile: it is not in this set`),
    ...dropped.map((id) => `${nameOf(id)} was dropped meanwhile`),
    ...others,
  ];
}

const setText = ({ label, created, backups }: TakenSet): string =>
  created
    ? `set ${label}, ${plural(backups.length, "backup")}\n${listText(backups)}`
    : `nothing has changed since the set ${label}: no backup was made`;
