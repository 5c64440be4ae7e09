// Which steps there are with backups, and how often each is drawn.
import fc from "fast-check";
import { stepKeepingTheFeed, weighted } from "../sequences/all-steps.js";
import type { Step } from "../sequences/step.js";
import { at } from "./draws.js";
import * as keeping from "./keeping.js";
import { restore } from "./restoring.js";
import type { Site } from "./site.js";
import { full, incremental } from "./taking.js";

/** What an application does, in one of the places. */
const use: fc.Arbitrary<Step<Site>> = fc.tuple(at, stepKeepingTheFeed).map(([name, step]) => {
  const told = (): string => `${name}: ${step}`;
  return { run: (site) => step.run(site.place(name)), toString: told, toJSON: told };
});

export const anyStep: fc.Arbitrary<Step<Site>> = fc.oneof(
  ...weighted(64, use),
  ...weighted(16, incremental),
  ...weighted(8, restore),
  ...weighted(4, full),
  ...weighted(2, keeping.remove, keeping.verify, keeping.look, keeping.compare),
  ...weighted(1, keeping.trim, keeping.clear),
);
