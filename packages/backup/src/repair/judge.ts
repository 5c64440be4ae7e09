// Which backups can be restored, found by reading all of them as a restore would. Where a manifest does not hold, the copy
// that the index has of it is tried. INVARIANT: a backup that is called sound was read to its end with all it is laid over,
// and has the state digest of its cut.
import { isNadbError, type NadbError } from "@nadb/core";
import { checkLink } from "../chain.js";
import type { BackupInfo } from "../manifest.js";
import { checkFile } from "../run/read-run.js";
import type { BackupTarget } from "../target.js";
import { asFault } from "./folders.js";
import { digestsAlong, RunFault } from "./prove.js";

export interface JudgeWork {
  readonly signal?: AbortSignal;
  /** Told after each block. */
  readonly onRead?: (changes: number, bytes: number) => void;
  /** Of the lease under which it is read. */
  readonly renew: () => Promise<void>;
}

/** Damaged by itself; not to be read; or laid over one that is. */
export type Verdict =
  | { readonly is: "sound" }
  | { readonly is: "damaged"; readonly why: string; readonly because: string | null }
  | { readonly is: "unknown"; readonly fault: NadbError };

export class Judge {
  /** By id, what is tried: a manifest, and then the index's copy of it. */
  readonly #candidates = new Map<string, BackupInfo[]>();
  readonly #verdicts = new Map<string, Verdict>();
  /** Digests that are wrong: what is laid over these may still be right. */
  readonly #mismatched = new Map<string, string>();

  constructor(
    readonly target: BackupTarget,
    readonly work: JudgeWork,
  ) {}

  /** Each that is given is judged: `manifests` in the order in which they are to be tried. */
  add(backupId: string, manifests: readonly BackupInfo[]): void {
    this.#candidates.set(backupId, [...manifests]);
  }

  /** What could not be looked into. */
  addUnknown(backupId: string, fault: NadbError): void {
    this.#verdicts.set(backupId, { is: "unknown", fault });
  }

  /** What no manifest is left of. */
  addDamaged(backupId: string, why: string): void {
    this.#verdicts.set(backupId, { is: "damaged", why, because: null });
  }

  /** What it is taken for: the last manifest that was tried. */
  infoOf(backupId: string): BackupInfo | undefined {
    return this.#candidates.get(backupId)?.[0];
  }

  async judge(): Promise<ReadonlyMap<string, Verdict>> {
    this.#preferLinked();
    for (let path = this.#nextPath(); path !== undefined; path = this.#nextPath())
      await this.#prove(path);
    for (const [id, why] of this.#mismatched)
      this.#verdicts.set(id, { is: "damaged", why, because: null });
    return this.#verdicts;
  }

  /** Of two manifests that differ the one that others go on from. */
  #preferLinked(): void {
    for (const [id, candidates] of this.#candidates) {
      const [first, second] = candidates;
      if (first === undefined || second === undefined) continue;
      const children = [...this.#candidates.values()].flat();
      const hasChild = (parent: BackupInfo): boolean =>
        children.some((child) => child.parentBackupId === id && isLinked(child, parent));
      if (!hasChild(first) && hasChild(second)) candidates.reverse();
    }
  }

  /** The chain of one that is yet to be judged, and that no other such goes on from; links that do not hold are judged. */
  #nextPath(): readonly BackupInfo[] | undefined {
    for (;;) {
      const open = [...this.#candidates.keys()].filter((id) => !this.#isJudged(id));
      if (open.length === 0) return undefined;
      const parents = new Set(open.map((id) => this.infoOf(id)?.parentBackupId));
      const tip = open.find((id) => !parents.has(id)) ?? open[0];
      const path = this.#pathOf(tip as string);
      if (path !== undefined) return path;
    }
  }

  #isJudged(id: string): boolean {
    return this.#verdicts.has(id) || this.#mismatched.has(id);
  }

  /** Oldest first; undefined when a link on the way was judged instead. */
  #pathOf(tip: string): readonly BackupInfo[] | undefined {
    const path: BackupInfo[] = [];
    const seen = new Set<string>();
    for (let id: string | null = tip; id !== null; ) {
      const info: BackupInfo = this.infoOf(id) as BackupInfo;
      if (seen.has(id)) return this.#fault(tip, "its chain has no beginning");
      seen.add(id);
      path.push(info);
      const stop = this.#linkOf(info);
      if (stop !== undefined) return stop();
      id = info.parentBackupId;
    }
    return path.reverse();
  }

  /** What is wrong with the way from a backup to its parent, as what is to be done about it. */
  #linkOf(info: BackupInfo): (() => undefined) | undefined {
    const { backupId: id, parentBackupId } = info;
    if (parentBackupId === null) return undefined;
    const verdict = this.#verdicts.get(parentBackupId);
    if (verdict?.is === "unknown") return () => void this.#verdicts.set(id, verdict);
    if (verdict?.is === "damaged") return () => this.#depends(id, parentBackupId, verdict.because);
    const parent = this.infoOf(parentBackupId);
    const why =
      parent === undefined ? `its parent ${parentBackupId} is missing` : brokenLink(info, parent);
    return why === undefined ? undefined : () => this.#fault(id, why);
  }

  #depends(id: string, parent: string, because: string | null): undefined {
    const root = because ?? parent;
    const why = `it can not be restored without ${root}`;
    this.#verdicts.set(id, { is: "damaged", why, because: root });
    return undefined;
  }

  /** The next manifest is tried; where there is none it is damaged. What was found with the first does not count. */
  #fault(id: string, why: string): undefined {
    const candidates = this.#candidates.get(id) as BackupInfo[];
    if (candidates.length > 1) {
      candidates.shift();
      for (const [other, { is }] of this.#verdicts)
        if (is === "sound") this.#verdicts.delete(other);
      this.#mismatched.clear();
    } else this.#verdicts.set(id, { is: "damaged", why, because: null });
    return undefined;
  }

  async #prove(path: readonly BackupInfo[]): Promise<void> {
    try {
      const digests = await digestsAlong(this.target, path, this.work);
      for (const [i, info] of path.entries()) if (this.#isWrong(info, digests[i] as string)) return;
    } catch (error) {
      this.work.signal?.throwIfAborted();
      if (!(error instanceof RunFault)) throw error;
      await this.#judgeRun(error);
    }
  }

  /** Answers true when the manifest was changed for another, so that all is to be looked at anew. */
  #isWrong({ backupId, dataFile, stateDigest }: BackupInfo, digest: string): boolean {
    if (digest === stateDigest) {
      this.#verdicts.set(backupId, { is: "sound" });
      return false;
    }
    const why = `${backupId}/${dataFile}: its records have state digest ${digest}, its manifest says ${stateDigest}`;
    const isLast = this.#candidates.get(backupId)?.length === 1;
    if (isLast) this.#mismatched.set(backupId, why);
    else this.#fault(backupId, why);
    return !isLast;
  }

  async #judgeRun({ info, cause }: RunFault): Promise<void> {
    const fault = asFault(cause);
    const { backupId } = info;
    if (fault.code === "NADB_CORRUPTION" || (await this.#isTorn(info)))
      this.#fault(backupId, fault.message);
    else this.#verdicts.set(backupId, { is: "unknown", fault });
  }

  /** A pack that only looks newer because a bit of its version is wrong. */
  async #isTorn(info: BackupInfo): Promise<boolean> {
    try {
      await checkFile(this.target, info, "checksum", this.work);
      return false;
    } catch (error) {
      return isNadbError(error, "NADB_CORRUPTION");
    }
  }
}

function brokenLink(child: BackupInfo, parent: BackupInfo): string | undefined {
  try {
    checkLink(child, parent);
    return undefined;
  } catch (error) {
    return asFault(error).message;
  }
}

const isLinked = (child: BackupInfo, parent: BackupInfo): boolean =>
  brokenLink(child, parent) === undefined;
