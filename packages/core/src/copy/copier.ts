// Keeps one target namespace a copy of one source namespace, a step at a time. What is known of it is read anew with each step,
// so a copier that failed, or was away for a while, goes on as a new one would.
import type { Head, StorageNamespace } from "../backend.js";
import { invalidArgument } from "../errors.js";
import { quote } from "../limits.js";
import { findBasis } from "./basis.js";
import { Ledger } from "./ledger.js";
import type { Copied, CopyNamespaceOptions, CopyPlan } from "./options.js";
import { COPIES_NAMESPACE, nameOf, type Position, type Progress } from "./progress.js";
import { proveApartFromExpired } from "./proof.js";
import { type Basis, type ChangesBasis, isSameContent } from "./sides.js";
import { type StepHost, takeAll, takeChanges } from "./steps.js";
import type { Fed } from "./transfer.js";

const NOTHING = { copied: 0, deleted: 0 };

export class Copier {
  readonly #ledger: Ledger;
  readonly #clock: () => number;

  /** Throws NADB_INVALID_ARGUMENT for namespaces that can not be copied. */
  constructor(
    readonly from: StorageNamespace,
    readonly to: StorageNamespace,
    readonly options: CopyNamespaceOptions,
  ) {
    checkNames(from, to);
    const { clock = Date.now, random = systemRandom, holder = nobody } = options;
    const source = { ...from.id, name: options.source ?? null };
    this.#clock = clock;
    this.#ledger = new Ledger(options.progress, to.id, source, { clock, random, holder });
  }

  /** What the next step would do. Writes nothing; throws what the step would throw. */
  async plan(): Promise<CopyPlan> {
    const progress = await this.#ledger.look();
    const head = await this.from.head(this.#signal);
    const basis = await this.#basis(progress, head, this.#clock());
    const isFull = basis.step === "full";
    return {
      source: this.from.id,
      target: this.to.id,
      step: isLevel(basis, head) ? "nothing" : basis.step,
      because: isFull ? basis.because : "next",
      records: head.count,
      replaces: isFull ? basis.target.count : 0,
      lagVersions: isFull ? head.version : versionsBehind(basis.source, head),
    };
  }

  /** Brings the target up to the source as it is now. Throws NADB_LOCKED while somebody else does. */
  async step(): Promise<Copied> {
    await this.#ledger.hold();
    const now = this.#clock();
    const head = await this.from.head(this.#signal);
    const basis = await this.#basis(this.#ledger.progress, head, now);
    const host = this.#host(now);
    if (basis.step === "full") return this.#told("full", await takeAll(host, basis, head), now);
    if (!isLevel(basis, head)) return this.#told("changes", await takeChanges(host, basis), now);
    await this.#keep(basis, now);
    return this.#told("nothing", NOTHING, now);
  }

  /**
   * Whether both hold the same at this moment, the source being at the cut that was copied last. Where the target has swept
   * what the source has not, both are read whole; NADB_CORRUPTION when they differ in anything else.
   */
  async isSynced(): Promise<boolean> {
    const { copied, swept } = this.#ledger.progress;
    if (copied === null || !(await this.isStill())) return false;
    if ((await this.to.head(this.#signal)).checkpoint !== copied.target.checkpoint) return false;
    if (isSameContent(copied.source, copied.target)) return true;
    const until = Math.max(swept.until, this.#clock());
    return this.#ledger.proving(() => proveApartFromExpired(this, copied, until, this.#signal));
  }

  /** Whether the source stands at the cut that was copied last. */
  async isStill(): Promise<boolean> {
    const { checkpoint } = await this.from.head(this.#signal);
    return checkpoint === this.#ledger.progress.copied?.source.checkpoint;
  }

  /** Call it often while waiting; it writes only now and then. */
  renew(): Promise<void> {
    return this.#ledger.renew();
  }

  /** Leaves the target to the next copier. */
  async end(): Promise<void> {
    await this.#ledger.release().catch(() => undefined); // the lease ends by itself
  }

  get #signal() {
    const { signal } = this.options;
    return signal === undefined ? {} : { signal };
  }

  #host(now: number): StepHost {
    const { from, to, options } = this;
    return { from, to, source: this.#ledger.source, now, options, ledger: this.#ledger };
  }

  #basis(progress: Progress, head: Head, now: number): Promise<Basis> {
    return findBasis(this.#host(now), progress, head);
  }

  /** What was found out without a step: that an interrupted one is done, what the target has swept. */
  async #keep(basis: ChangesBasis, at: number): Promise<void> {
    const { source, target, swept } = basis;
    const { copied, pending } = this.#ledger.progress;
    if (pending === null && copied?.target.checkpoint === target.checkpoint) return;
    await this.#ledger.save({ copied: { source, target, at }, pending: null, swept });
  }

  async #told(
    step: Copied["step"],
    { copied, deleted }: Pick<Fed, "copied" | "deleted">,
    now: number,
  ): Promise<Copied> {
    const { source, target } = this.#ledger.progress.copied as Position;
    const head = await this.from.head(this.#signal);
    const inSync = head.checkpoint === source.checkpoint;
    return {
      source: this.from.id,
      target: this.to.id,
      step,
      copied,
      deleted,
      checkpoint: source.checkpoint,
      head: target,
      lagVersions: inSync ? 0 : versionsBehind(source, head),
      lagSeconds: inSync ? 0 : Math.max(0, this.#clock() - now) / 1000,
      inSync,
      expired: source.count - target.count,
    };
  }
}

const isLevel = (basis: Basis, head: Head): boolean =>
  basis.step === "changes" && basis.source.checkpoint === head.checkpoint;

const versionsBehind = (copied: Head, head: Head): number =>
  copied.generation === head.generation ? head.version - copied.version : head.version;

function checkNames(from: StorageNamespace, to: StorageNamespace): void {
  if (from === to) throw invalidArgument("source and target of a copy are the same namespace");
  for (const { id } of [from, to]) {
    if (id.namespace !== COPIES_NAMESPACE) continue;
    throw invalidArgument(
      `${quote(nameOf(id))} can not be copied: it holds how far copies are`,
      "name another namespace",
    );
  }
}

const nobody = { owner: "", isGone: () => false };

const systemRandom = (bytes: Uint8Array): void => void crypto.getRandomValues(bytes);
