// What destroys shows its plan and asks. Where nobody can be asked, --yes must say so.
import { invalidArgument } from "@nadb/core";
import { formatFields } from "./format.js";
import { Interrupted } from "./interrupt.js";
import type { Session } from "./session.js";

export interface Plan {
  readonly question: string;
  readonly fields: readonly (readonly [string, string])[];
}

/** Returns when the plan may be carried out. Throws when it may not; then nothing has happened. */
export async function confirmPlan(session: Session, plan: Plan): Promise<void> {
  const { flags, output, terminal, signal } = session;
  const { stdin, stderr } = terminal;
  const text = formatFields(plan.fields);
  if (flags.yes) return output.note(text);
  const canAsk = stdin.isTTY && stderr.isTTY;
  if (canAsk || !flags.json) stderr.write(`${text}\n`);
  if (!canAsk) {
    throw invalidArgument(
      `there is no terminal to ask on: ${plan.question}`,
      "look at what it would do, then add --yes",
    );
  }
  const { confirm, isCancel } = await import("@clack/prompts");
  const message = plan.question;
  const answer = await confirm({
    message,
    initialValue: false,
    input: stdin,
    output: stderr,
    signal,
  });
  signal.throwIfAborted();
  if (isCancel(answer) || !answer) throw new Interrupted("answered no");
}
