// nadb sweep
import type { Command } from "commander";
import { plural } from "../format.js";
import { type Begin, openStore, type Session } from "../session.js";

export function addSweep(program: Command, begin: Begin): void {
  program
    .command("sweep")
    .description("turn what has expired into deletes now; commits do it little by little")
    .action((_: object, command: Command) => sweep(begin(command)));
}

async function sweep(session: Session): Promise<void> {
  const { output, signal } = session;
  await using store = await openStore(session, { create: false });
  const swept = await store.cleanupExpired({ signal });
  await output.result({ swept }, `swept ${plural(swept, "expired record")}`);
}
