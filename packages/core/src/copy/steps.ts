// The two kinds of step. Order of writes: stage the run; say in the progress record what is about to happen, which fails for
// whoever has lost the lease; commit the load; compare digests; say that it has happened. INVARIANT: dying between any two of
// them, and stepping again, ends at the same content.
import type { Head, StagedLoad } from "../backend.js";
import { auditTarget, changedBySomebody } from "./audit.js";
import { auditOf, goingOn } from "./basis.js";
import type { Ledger } from "./ledger.js";
import { NOTHING_SWEPT, type Position, type Swept } from "./progress.js";
import { checkStep, differs } from "./proof.js";
import { type ChangesBasis, type FullBasis, isSameContent, type Sides, signalOf } from "./sides.js";
import { type Fed, feed } from "./transfer.js";

export interface StepHost extends Sides {
  readonly ledger: Ledger;
}

/** The target may sweep while a step begins; what it sweeps later still is found by comparing. */
const ANNOUNCE_TRIES = 4;

/** The whole content. */
export async function takeAll(host: StepHost, basis: FullBasis, source: Head): Promise<Fed> {
  const { from, to, ledger, now, options } = host;
  return staging(host, await to.replace(), async (load, committing) => {
    const between = (): Promise<void> => ledger.renew();
    const fed = await feed(
      { from, since: null, totalRecords: source.count, options, between },
      load,
    );
    const before = await stillReplaceable(host, basis);
    const pending = { step: "full", source: fed.end, before, at: now } as const;
    await ledger.save({ source: host.source, copied: null, swept: NOTHING_SWEPT, pending });
    committing();
    const { head } = await load.commit(signalOf(host));
    await settle(host, { source: fed.end, target: head, at: now }, async () => {
      if (isSameContent(fed.end, head)) return NOTHING_SWEPT;
      throw differs(host, fed.end, head);
    });
    return fed;
  });
}

/** What has changed since the basis. */
export async function takeChanges(host: StepHost, basis: ChangesBasis): Promise<Fed> {
  const { from, to, ledger, now, options } = host;
  return staging(host, await to.merge(), async (load, committing) => {
    const between = (): Promise<void> => ledger.renew();
    const fed = await feed({ from, since: basis.source.checkpoint, options, between }, load);
    const { end: source, deleted } = fed;
    const { target: before, swept } = await announce(host, basis, source);
    committing();
    const { head: target } = await load.commit(signalOf(host));
    await settle(host, { source, target, at: now }, () =>
      checkStep(host, { source, target, before, deleted, at: now }, swept, signalOf(host)),
    );
    return fed;
  });
}

/** Runs the step; where it fails before its load is being committed, nothing has happened, and the record says so. */
async function staging(
  { ledger }: StepHost,
  load: StagedLoad,
  step: (load: StagedLoad, committing: () => void) => Promise<Fed>,
): Promise<Fed> {
  const before = ledger.progress;
  let isCommitting = false;
  try {
    return await step(load, () => {
      isCommitting = true;
    });
  } catch (error) {
    await load.abort().catch(() => undefined); // it is cleaned up later
    const { source, copied, pending, swept } = before;
    if (!isCommitting && ledger.progress.pending !== pending)
      await ledger.save({ source, copied, pending, swept }).catch(() => undefined); // the next step finds out
    throw error;
  }
}

/** What nobody permitted to replace must not have been written to meanwhile. */
async function stillReplaceable(host: StepHost, { target }: FullBasis): Promise<Head> {
  const { overwrite = false, force = false } = host.options;
  const head = await host.to.head(signalOf(host));
  if (overwrite || force || head.count === 0 || head.checkpoint === target.checkpoint) return head;
  throw changedBySomebody(host.to, "it was written to during the copy");
}

/** Says what is about to happen, over a content that is nobody's but the copy's. */
async function announce(host: StepHost, basis: ChangesBasis, source: Head): Promise<ChangesBasis> {
  const { to, ledger, now } = host;
  let known = basis;
  for (let tries = 1; ; tries++) {
    const { target: before, swept, at } = known;
    const copied = { source: known.source, target: before, at };
    await ledger.save({ copied, swept, pending: { step: "changes", source, before, at: now } });
    const head = await to.head(signalOf(host));
    if (head.checkpoint === before.checkpoint || tries === ANNOUNCE_TRIES) return known;
    known = goingOn(known, swept, await auditTarget(auditOf(host, known.source, false), before));
  }
}

/** Proves what the step has left, and says that it has happened. */
async function settle(
  { ledger }: StepHost,
  copied: Position,
  prove: () => Promise<Swept>,
): Promise<void> {
  const swept = await ledger.proving(prove);
  await ledger.save({ copied, pending: null, swept });
}
