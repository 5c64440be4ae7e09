// Rows as data, and the table made of them.
//
//   time row   := what, samples, unit?: "bytes", peer?: { name, samples }, goal?
//   memory row := what, megabytes (one per run), peer?: { name, megabytes }, goal?
//   goal       := one of goals.mjs
import { goalCells } from "./goals.mjs";
import { median } from "./measure.mjs";
import { duration, percent, size, times, whole } from "./numbers.mjs";

const HEADINGS = ["what", "median", "min–max", "per second", "peer", "ratio", "goal", "met?"];

/**
 * A markdown table; ratio is our rate divided by the peer's, as the median over the rounds. Where the goal is a number
 * of times, it is our time divided by the peer's; of memory, ours divided by the peer's.
 */
export function table(rows) {
  return markdown(
    HEADINGS,
    rows.map((row) => (row.megabytes ? memoryCells(row) : timeCells(row))),
  );
}

/** Pads the columns to one width each: those whose index is in `left` to the left, the others to the right. */
export function markdown(headings, rows, left = [0]) {
  const cells = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lines = cells.map((line) =>
    toLine(line.map((cell, column) => pad(cell, widths[column], left.includes(column)))),
  );
  const rule = toLine(
    widths.map((width, column) => "-".repeat(width - 1) + (left.includes(column) ? "-" : ":")),
  );
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

const toLine = (cells) => `| ${cells.join(" | ")} |`;
const pad = (cell, width, left) => (left ? cell.padEnd(width) : cell.padStart(width));

function timeCells({ what, samples, unit, peer, goal }) {
  const seconds = samples.map((sample) => sample.seconds);
  const rate = median(samples.map(perSecond));
  const ratio =
    peer && median(samples.map((sample, i) => perSecond(sample) / perSecond(peer.samples[i])));
  return [
    what,
    duration(median(seconds)),
    `${duration(Math.min(...seconds))}–${duration(Math.max(...seconds))}`,
    samples[0].count > 1 ? rateOf(rate, unit) : "",
    peer ? peerCell(peer, unit, goal) : "",
    peer ? ratioCell(ratio, goal) : "",
    ...goalCells(goal, { seconds: median(seconds), perSecond: rate, ratio }),
  ];
}

export const perSecond = ({ count, seconds }) => count / seconds;

const rateOf = (rate, unit) => (unit === "bytes" ? size(rate / 1e6) : whole(rate));

/** The peer in the terms of the goal: how long it takes, or how many it does in a second. */
function peerCell({ name, samples }, unit, goal = {}) {
  if (samples[0].count === 1 || goal.times || goal.milliseconds)
    return `${name} ${duration(median(samples.map(({ seconds }) => seconds)))}`;
  return `${name} ${rateOf(median(samples.map(perSecond)), unit)}/s`;
}

const ratioCell = (ratio, goal = {}) => (goal.times ? times(1 / ratio) : percent(ratio));

function memoryCells({ what, megabytes, peer, goal }) {
  const middle = median(megabytes);
  const beside = peer && median(peer.megabytes);
  return [
    what,
    size(middle),
    `${size(Math.min(...megabytes))}–${size(Math.max(...megabytes))}`,
    "",
    peer ? `${peer.name} ${size(beside)}` : "",
    peer ? percent(middle / beside) : "",
    ...goalCells(goal, { megabytes: middle }),
  ];
}
