// What a step is refused, and what it takes a permission for. INVARIANT: without one nothing is replaced but an empty content.
import type { Head } from "../backend.js";
import { invalidArgument, NadbError } from "../errors.js";
import { quote } from "../limits.js";
import type { CopyReason } from "./options.js";
import { type CopySource, nameOf, type Progress } from "./progress.js";
import type { FullBasis, Sides } from "./sides.js";

/** Generations are drawn at random: two that are equal are one namespace. */
export function checkApart({ to }: Sides, target: Head, source: Head): void {
  if (target.generation === "" || target.generation !== source.generation) return;
  throw invalidArgument(
    `source and target are the same namespace ${quote(nameOf(to.id))}, or one is a copy of the other's files`,
  );
}

export function anew(sides: Sides, target: Head, because: CopyReason): FullBasis {
  if (mayReplace(sides, target)) return { step: "full", because, target };
  const { to } = sides;
  throw new NadbError(
    "NADB_CONFLICT",
    `the target ${quote(nameOf(to.id))} holds ${recordsOf(target)} that no copy has put there`,
    { hint: "overwrite replaces them; or name another target namespace" },
  );
}

export function anotherSource(sides: Sides, { source }: Progress, target: Head): FullBasis {
  if (mayReplace(sides, target)) return { step: "full", because: "other-source", target };
  throw new NadbError(
    "NADB_CONFLICT",
    `the target ${quote(nameOf(sides.to.id))} is a copy of ${shown(source)}, not of ${shown(sides.source)}`,
    {
      hint: "overwrite replaces it by a copy of this source, also where the source has only moved",
    },
  );
}

const recordsOf = ({ count }: Head): string => `${count} record${count === 1 ? "" : "s"}`;

export const mayReplace = ({ options }: Sides, target: Head): boolean =>
  options.overwrite === true || target.count === 0;

/** By its name, or by its generation where it is reached in another way. */
export const isSameSource = (
  { source, copied, pending }: Progress,
  now: Sides,
  head: Head,
): boolean =>
  isSameName(source, now.source) ||
  (head.generation !== "" && (copied ?? pending)?.source.generation === head.generation);

const isSameName = (a: CopySource, b: CopySource): boolean =>
  nameOf(a) === nameOf(b) && a.name === b.name;

const shown = (source: CopySource): string =>
  quote(source.name === null ? nameOf(source) : `${source.name} ${nameOf(source)}`);

export const checkpointExpired = ({ from }: Sides): NadbError =>
  new NadbError(
    "NADB_CHECKPOINT_EXPIRED",
    `${quote(nameOf(from.id))} can not tell what has changed since it was copied: it was replaced, as a whole or by an older copy of its files, or its deletes are forgotten`,
    { hint: "overwrite copies it anew, whole; until then the target stays as it is" },
  );
