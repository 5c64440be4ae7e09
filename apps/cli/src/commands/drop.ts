// nadb drop NAMESPACE: removes a namespace with all that it holds, once it has shown what that is.
import { checkName, NadbError, type NamespaceId } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../confirm.js";
import { usageError } from "../failure.js";
import { formatBytes, plural } from "../format.js";
import { type Begin, type Session, storeName } from "../session.js";
import { nameOf, openBackend } from "./backup/all-namespaces.js";

export function addDrop(program: Command, begin: Begin): void {
  program
    .command("drop")
    .description("remove a namespace with all that it holds; only a backup brings it back")
    .argument("<namespace>", "of the database that --db names")
    .action((namespace: string, _: object, command: Command) => {
      if (command.getOptionValueSourceWithGlobals("namespace") === "cli")
        throw usageError(
          "drop takes the namespace as its argument: --namespace does not go with it",
        );
      const session = begin(command);
      checkName("namespace", namespace);
      return drop(session, { db: session.flags.db, namespace });
    });
}

async function drop(session: Session, id: NamespaceId): Promise<void> {
  const { flags, output } = session;
  await using opened = await openBackend(session, { create: false });
  const { generation, count, bytes } = await (await opened.backend.namespace(id)).head();
  if (generation === "")
    throw new NadbError(
      "NADB_NOT_FOUND",
      `there is no namespace ${nameOf(id)} in ${storeName(flags)}`,
    );
  const held = `${plural(count, "record")}, ${formatBytes(bytes)}`;
  await confirmPlan(session, {
    question: `Drop ${nameOf(id)} of ${storeName(flags)}?`,
    fields: [[nameOf(id), `${held}, go for good`]],
  });
  await opened.backend.drop(id);
  await output.result({ dropped: id, records: count }, `dropped ${nameOf(id)}, ${held}`);
}
