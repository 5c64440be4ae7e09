// Which backups stay, and why. First those that something keeps for their own sake (a rule, a pin, a hold, being the last
// good one, being needed elsewhere), then the sets they are of, then what they are restored from.
import { quote } from "@nadb/core";
import { byAge } from "../catalog.js";
import { type BackupInfo, isCut } from "../manifest.js";
import { isWhole, nameOf } from "../sets/set.js";
import type { RetentionContext } from "./context.js";
import { groupBy, Lineage } from "./lineage.js";
import type { RetentionPolicy } from "./policy.js";
import { addReason, applyRules, type Reasons } from "./rules.js";

export class Keeping {
  readonly lineage: Lineage;
  /** What is decided about, a parent before its children. */
  readonly judged: readonly BackupInfo[];
  readonly reasons: Reasons = new Map();
  readonly #lastGood = new Map<string, BackupInfo>();

  constructor(
    backups: readonly BackupInfo[],
    readonly policy: RetentionPolicy,
    readonly context: RetentionContext,
  ) {
    this.lineage = new Lineage(backups, context.damaged ?? new Set());
    this.judged = this.lineage.backups.filter((info) => this.#isJudged(info));
    for (const [name, group] of groupBy([...this.judged].sort(byAge), sourceOf)) {
      this.#keepByRules(name, group);
    }
    for (const info of this.judged) this.#keepMarked(info);
    for (const [label, members] of setsOf(this.lineage.backups)) this.#keepSet(label, members);
    for (const info of this.judged) this.#add(info, phrase("needed by ", context.needed, info));
    this.#keepChains(new Set(this.reasons.keys()));
  }

  /** What is not judged stays. */
  stays(info: BackupInfo): boolean {
    return this.reasons.has(info.backupId) || !this.#isJudged(info);
  }

  /** It is laid over something that goes. */
  losesParent(info: BackupInfo): boolean {
    const parent = this.lineage.parentOf(info);
    return parent !== undefined && !this.stays(parent);
  }

  nearestStaying(info: BackupInfo): BackupInfo | undefined {
    for (const ancestor of this.lineage.ancestorsOf(info))
      if (this.stays(ancestor)) return ancestor;
    return undefined;
  }

  /** The newest good backup of the same namespace. */
  lastGoodOf(info: BackupInfo): BackupInfo | undefined {
    return this.#lastGood.get(sourceOf(info));
  }

  #keepByRules(name: string, group: readonly BackupInfo[]): void {
    const { policy, context, lineage, reasons } = this;
    const good = group.filter((info) => lineage.isGood(info));
    applyRules(reasons, good, policy, context.now);
    if (good.length < group.length) this.#keepDamaged(group);
    const last = good.at(-1);
    if (last === undefined) {
      for (const info of group) this.#add(info, `no good backup of ${name} is left`);
    } else {
      this.#lastGood.set(name, last);
      this.#add(last, "the last good backup");
    }
  }

  /** They stay as long as they would undamaged, for a repair may need them; but they take no good one's place. */
  #keepDamaged(group: readonly BackupInfo[]): void {
    const { policy, context, lineage } = this;
    const together: Reasons = new Map();
    applyRules(together, group, policy, context.now);
    for (const info of group) {
      if (lineage.isGood(info)) continue;
      for (const reason of together.get(info.backupId) ?? []) this.#add(info, reason);
    }
  }

  #keepMarked(info: BackupInfo): void {
    const { pinned, held } = this.context;
    this.#add(info, phrase("pinned: ", pinned, info));
    this.#add(info, phrase("held: ", held, info));
  }

  /** What keeps one of a set keeps all of it. */
  #keepSet(label: string, members: readonly BackupInfo[]): void {
    const kept = members.find((info) => this.stays(info));
    if (kept === undefined) return;
    for (const info of members) {
      if (!this.stays(info)) this.#add(info, `of the set ${quote(label)}, with ${kept.backupId}`);
    }
  }

  /** What those that stay for their own sake are restored from, unless it is merged into them. */
  #keepChains(own: ReadonlySet<string>): void {
    const { lineage, context } = this;
    for (const info of this.judged) {
      if (!own.has(info.backupId) || (context.consolidate && lineage.isGood(info))) continue;
      for (const ancestor of lineage.ancestorsOf(info)) {
        if (own.has(ancestor.backupId)) break;
        const isKnown = this.stays(ancestor);
        this.#add(ancestor, `needed by ${info.backupId}`);
        if (isKnown) break;
      }
    }
  }

  #isJudged(info: BackupInfo): boolean {
    const { only } = this.context;
    if (!isCut(info)) return false; // what was salvaged goes by hand only
    if (only === undefined) return true;
    const { db, namespace = info.sourceNamespace } = only;
    return sourceOf(info) === nameOf({ db, namespace });
  }

  #add(info: BackupInfo, reason: string | undefined): void {
    if (reason !== undefined) addReason(this.reasons, info.backupId, reason);
  }
}

/** Whole sets, by label; of one that is not, each backup stands for itself. */
function setsOf(backups: readonly BackupInfo[]): Map<string, readonly BackupInfo[]> {
  const together = groupBy(
    backups.filter(({ label, setSize }) => label !== null && setSize > 1),
    ({ label }) => label as string,
  );
  return new Map([...together].filter(([, members]) => isWhole(members)));
}

/** "pinned", or "pinned: for the audit"; undefined when the backup is not marked so. */
function phrase(
  before: string,
  marks: ReadonlyMap<string, string | null> | undefined,
  { backupId }: BackupInfo,
): string | undefined {
  const why = marks?.get(backupId);
  if (why === undefined) return undefined;
  return why === null ? before.replace(": ", "") : `${before}${why}`;
}

const sourceOf = ({ sourceDb, sourceNamespace }: BackupInfo): string =>
  nameOf({ db: sourceDb, namespace: sourceNamespace });
