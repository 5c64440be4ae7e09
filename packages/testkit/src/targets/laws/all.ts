import type { TargetLaw } from "../bench.js";
import { clients } from "./clients.js";
import { contents } from "./contents.js";
import { interrupted } from "./interrupted.js";
import { listing } from "./listing.js";
import { names } from "./names.js";
import { racing } from "./racing.js";
import { ranges } from "./ranges.js";
import { removing } from "./removing.js";
import { sequences } from "./sequences.js";
import { whileReading } from "./while-reading.js";
import { writing } from "./writing.js";

/** Every promise of targets. */
export const TARGET_LAWS: readonly TargetLaw[] = [
  contents,
  ranges,
  names,
  listing,
  writing,
  removing,
  interrupted,
  whileReading,
  racing,
  clients,
  sequences,
];
