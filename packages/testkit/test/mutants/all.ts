// Backends that each break one promise, and the case that must notice. What they do wrong is what real
// backends have done wrong.
import { backendMutants } from "./backends.js";
import { commitMutants } from "./commits.js";
import { feedMutants } from "./feed.js";
import { groupMutants } from "./groups.js";
import { loadMutants } from "./loads.js";
import type { Mutant } from "./mutant.js";
import { readMutants } from "./reads.js";
import { sealMutants } from "./seals.js";
import { storeMutants } from "./stores.js";
import { totalMutants } from "./totals.js";

export const MUTANTS: readonly Mutant[] = [
  ...feedMutants,
  ...commitMutants,
  ...readMutants,
  ...loadMutants,
  ...sealMutants,
  ...backendMutants,
  ...totalMutants,
  ...groupMutants,
  ...storeMutants,
];
