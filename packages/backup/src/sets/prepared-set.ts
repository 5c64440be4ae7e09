// The restore of a set that is prepared, as that of one backup is (restore-prepared.ts): all of its backups are held by shared
// leases from the plan to the end.

import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import { Renewing } from "../renewing.js";
import type { Restoration } from "../restore.js";
import type { RestorePlan } from "../restore-plan.js";
import type { PrepareRestoreOptions } from "../restore-prepared.js";
import { systemTimer } from "../timer.js";
import {
  HeldSet,
  type OfNamespace,
  planMembers,
  type RestoreAllOptions,
  restoreMembers,
} from "./restore-all.js";

export type PrepareRestoreAllOptions = Omit<RestoreAllOptions, keyof LongWork> &
  Pick<PrepareRestoreOptions, "timer">;

export interface ExecuteRestoreAllOptions
  extends LongWork,
    Partial<Pick<RestoreAllOptions, "backend">> {}

/** Nothing deletes, merges or replaces what it reads, until it is disposed of; do that also when it is not carried out. */
export interface PreparedSetRestore extends AsyncDisposable {
  /** The manifests of the set. */
  readonly backups: readonly BackupInfo[];
  /** What it would do, found by reading alone. */
  plan(work?: LongWork): Promise<readonly OfNamespace<RestorePlan>[]>;
  /** Does it, as `restoreAllNamespaces` does; `backend` takes the place of the one that it was prepared for. */
  execute(options?: ExecuteRestoreAllOptions): Promise<readonly OfNamespace<Restoration>[]>;
}

/** A restore of a set in two steps. Throws as `restoreAllNamespaces` does for a set that it can not find, or not whole. */
export async function prepareRestoreAllNamespaces({
  timer,
  ...all
}: PrepareRestoreAllOptions): Promise<PreparedSetRestore> {
  const { repository } = all;
  const held = await HeldSet.of(all);
  const renew = async (): Promise<void> => held.members[0]?.reading.renew(); // it renews all of the repository's
  const renewing = new Renewing(renew, timer ?? systemTimer(repository.host.clock));
  let isProven = false;
  return {
    backups: held.members.map(({ reading }) => reading.tip),
    plan: async (work = {}) => {
      const plans = await planMembers({ ...all, ...work }, held.members);
      isProven = true;
      return plans;
    },
    execute: async (options = {}) => {
      const how = { verifyIntegrity: !isProven, ...all, ...options };
      return restoreMembers(how, held.members);
    },
    [Symbol.asyncDispose]: async () => {
      await renewing[Symbol.asyncDispose]();
      await held[Symbol.asyncDispose]();
    },
  };
}
