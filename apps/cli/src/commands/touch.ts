// nadb touch KEY and nadb persist KEY: another expiry, or none; value and tags stay.
import { checkKey } from "@nadb/core";
import type { Command } from "commander";
import { type ExpiryOptions, expiryOptions, instantOf, parseExpiry } from "../expiry.js";
import { noRecord, usageError } from "../failure.js";
import { formatTime, printable } from "../format.js";
import { type Begin, openStore, type Session } from "../session.js";

export function addTouch(program: Command, begin: Begin): void {
  const command = program
    .command("touch")
    .description("let a record expire at another time; value and tags stay")
    .argument("<key>");
  for (const option of expiryOptions()) command.addOption(option);
  command.action((key: string, options: ExpiryOptions, invoked: Command) =>
    touch(begin(invoked), key, options),
  );
}

export function addPersist(program: Command, begin: Begin): void {
  program
    .command("persist")
    .description("let a record live until it is deleted; value and tags stay")
    .argument("<key>")
    .action((key: string, _: object, command: Command) => persist(begin(command), key));
}

async function touch(session: Session, key: string, options: ExpiryOptions): Promise<void> {
  const { output, signal } = session;
  checkKey(key);
  const { expiresAt } = instantOf(parseExpiry(options));
  if (expiresAt === undefined) {
    throw usageError("touch needs --ttl or --expires-at; nadb persist removes an expiry");
  }
  await using store = await openStore(session, { create: false });
  if (!(await store.touch(key, { expiresAt, signal }))) throw noRecord(key);
  const text = `touched ${printable(key)}: expires ${formatTime(expiresAt)}`;
  await output.result({ key, expiresAt }, text);
}

async function persist(session: Session, key: string): Promise<void> {
  const { output, signal } = session;
  checkKey(key);
  await using store = await openStore(session, { create: false });
  if (!(await store.persist(key, { signal }))) throw noRecord(key);
  await output.result({ key }, `persisted ${printable(key)}: never expires`);
}
