// nadb import DIR
import { isAbsolute, relative, resolve, sep } from "node:path";
import { invalidArgument } from "@nadb/core";
import type { Command } from "commander";
import { formatBytes, plural, secondsSince } from "../format.js";
import { importTree, planImport } from "../import-tree.js";
import { ProgressLine } from "../progress.js";
import { type Begin, backendOf, folderOfStore, openStoreOn, type Session } from "../session.js";
import type { Skipped } from "../walk.js";

export function addImport(program: Command, begin: Begin): void {
  program
    .command("import")
    .description("store each file below a folder: key = its relative path, tag = its extension")
    .argument("<dir>")
    .action((folder: string, _: object, command: Command) => importFolder(begin(command), folder));
}

async function importFolder(session: Session, folder: string): Promise<void> {
  const { flags, output, signal } = session;
  checkOutside(folder, folderOfStore(flags));
  const started = performance.now();
  const backend = await backendOf(session, { create: true });
  const plan = await planImport(folder, backend.capabilities.maxValueBytes, signal);
  if (plan.skipped.symbolicLinks + plan.skipped.specialFiles > 0)
    output.note(skippedText(plan.skipped));

  await using store = await openStoreOn(session, backend);
  using line = new ProgressLine(output);
  const onProgress = (records: number, bytes: number): void =>
    line.show({ phase: "import", records, bytes, totalRecords: plan.count });
  const imported = await importTree(store, folder, { signal, onProgress });
  line.clear();
  const text = `imported ${plural(imported.count, "file")}, ${formatBytes(imported.bytes)}, in ${secondsSince(started)}`;
  await output.result({ ...imported, skipped: plan.skipped }, text);
}

/** The store's own files change while they are read; importing them makes no sense. */
function checkOutside(folder: string, store: string | undefined): void {
  if (store === undefined) return;
  const path = relative(resolve(folder), resolve(store));
  if (path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path)) return;
  throw invalidArgument(
    `the store ${store} lies inside ${folder}`,
    "name a store elsewhere with --store, or import a folder beside it",
  );
}

function skippedText({ symbolicLinks, specialFiles }: Skipped): string {
  const parts: string[] = [];
  if (symbolicLinks > 0) parts.push(plural(symbolicLinks, "symbolic link"));
  if (specialFiles > 0) parts.push(plural(specialFiles, "special file"));
  return `left out: ${parts.join(" and ")}, which are not followed`;
}
