// Goals as data beside the rows they are for, `{ kind: number }` with one of the kinds below, and their two cells:
// the goal and whether it is met. A goal that is missed is printed, it fails nothing.
import { percent, size, times, whole } from "./numbers.mjs";

/** Of each kind: how it reads, and whether what was measured meets it. */
const KINDS = {
  perSecond: [(goal) => `≥ ${whole(goal)}/s`, (goal, { perSecond }) => perSecond >= goal],
  megabytesPerSecond: [
    (goal) => `≥ ${size(goal)}/s`,
    (goal, { perSecond }) => perSecond / 1e6 >= goal,
  ],
  milliseconds: [(goal) => `≤ ${goal} ms`, (goal, { seconds }) => seconds * 1000 <= goal],
  ratio: [(goal) => `≥ ${percent(goal)}`, (goal, { ratio }) => ratio >= goal],
  times: [(goal) => `≤ ${times(goal)}`, (goal, { ratio }) => 1 / ratio <= goal],
  megabytes: [(goal) => `≤ ${size(goal)}`, (goal, { megabytes }) => megabytes <= goal],
};

/** `measured`: `seconds`, `perSecond` (bytes, where bytes are counted), `ratio` of the rates to the peer's, `megabytes`. */
export function goalCells(goal, measured) {
  if (goal === undefined) return ["", ""];
  const [[kind, number]] = Object.entries(goal);
  const [read, isMet] = KINDS[kind];
  return [read(number), isMet(number, measured) ? "yes" : "NO"];
}
