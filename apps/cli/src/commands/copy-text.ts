// A copy in words: its plan, what a step has done, and how far the target is behind.
import type { Copied, CopyEvent, CopyPlan, NamespaceId } from "@nadb/core";
import { failureOf } from "../failure.js";
import { formatTime, plural, toJson } from "../format.js";
import type { Output } from "../output.js";

const REASONS: Record<CopyPlan["because"], string> = {
  first: "the first time",
  "other-source": "it was a copy of another source",
  changed: "somebody else has changed the target",
  expired: "the source can not tell what has changed",
  interrupted: "the first copy was interrupted",
  next: "as it goes on from the step before",
};

const nameOf = ({ db, namespace }: NamespaceId): string => `${db}/${namespace}`;

const pairOf = ({ source, target }: Pick<CopyPlan, "source" | "target">): string =>
  nameOf(source) === nameOf(target) ? nameOf(source) : `${nameOf(source)} to ${nameOf(target)}`;

/** The name, and what would be done. */
export function planFields(plan: CopyPlan): readonly [string, string] {
  return [pairOf(plan), planText(plan)];
}

function planText({ step, because, records, replaces, lagVersions }: CopyPlan): string {
  if (step === "nothing") return "nothing has changed";
  if (step === "changes") return `copy what has changed, ${plural(lagVersions, "version")}`;
  const lost = replaces === 0 ? "" : `; the target's ${plural(replaces, "record")} go`;
  return `copy everything, ${plural(records, "record")}, ${REASONS[because]}${lost}`;
}

export function copiedText(copied: Copied): string {
  return `${pairOf(copied)}: ${stepText(copied)}; ${lagText(copied)}`;
}

const stepText = ({ step, copied, deleted }: Copied): string =>
  step === "nothing"
    ? "nothing to copy"
    : `copied ${plural(copied, "record")} and ${plural(deleted, "delete")}`;

function lagText({ inSync, lagVersions, lagSeconds, expired }: Copied): string {
  if (!inSync) return `${plural(lagVersions, "version")} and ${lagSeconds.toFixed(1)} s behind`;
  if (expired === 0) return "in sync, the digests are equal";
  return `in sync, apart from ${plural(expired, "expired record")} that only the target has swept`;
}

/** What a follower tells: in text on stderr, with --json one document a line on stdout. */
export class CopyLines {
  /** By target: whether nothing has been told since it was in sync. */
  readonly #inSync = new Map<string, boolean>();

  constructor(readonly output: Output) {}

  async tell(event: CopyEvent): Promise<void> {
    if (event.type === "step" && !this.#isNews(event)) return;
    if (this.output.options.json) return this.output.raw(`${toJson(documentOf(event))}\n`);
    if (event.type === "synced") return this.output.raw("in sync: both hold the same\n");
    this.output.note(`${formatTime(Date.now())}  ${textOf(event)}`);
  }

  #isNews({ target, step, inSync }: Copied): boolean {
    const before = this.#inSync.get(nameOf(target));
    this.#inSync.set(nameOf(target), inSync);
    return step !== "nothing" || before !== inSync;
  }
}

function documentOf(event: CopyEvent): object {
  if (event.type === "synced") return { event: "synced" };
  if (event.type === "retry")
    return { event: "retry", ...failure(event.error), afterMs: event.afterMs };
  const { type: _, ...copied } = event;
  return { event: "step", ...copied };
}

function textOf(event: Exclude<CopyEvent, { type: "synced" }>): string {
  if (event.type === "step") return copiedText(event);
  const { code, message } = failure(event.error);
  return `failed: ${code}: ${message}; again in ${event.afterMs / 1000} s`;
}

const failure = (error: unknown) =>
  failureOf(error) ?? { code: "NADB_UNEXPECTED", message: String(error) };
