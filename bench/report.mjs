// Rows as data, and the table made of them.
//
//   time row   := what, samples, peer?: { name, samples }, goal?: { perSecond } | { ratio }
//   memory row := what, megabytes (one per run), goal?: { megabytes }
import { median } from "./measure.mjs";

const HEADINGS = ["what", "median", "min–max", "per second", "peer", "ratio", "goal", "met?"];

/** A markdown table; ratio is our rate divided by the peer's, as the median over the rounds. */
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

function timeCells({ what, samples, peer, goal }) {
  const times = samples.map(({ seconds }) => seconds);
  const rate = median(samples.map(perSecond));
  const ratio =
    peer && median(samples.map((sample, i) => perSecond(sample) / perSecond(peer.samples[i])));
  return [
    what,
    duration(median(times)),
    `${duration(Math.min(...times))}–${duration(Math.max(...times))}`,
    samples[0].count > 1 ? whole(rate) : "",
    peer ? peerCell(peer) : "",
    peer ? `${percent(ratio)}` : "",
    ...goalCells(goal, { perSecond: rate, ratio }),
  ];
}

export const perSecond = ({ count, seconds }) => count / seconds;

function peerCell({ name, samples }) {
  if (samples[0].count === 1)
    return `${name} ${duration(median(samples.map(({ seconds }) => seconds)))}`;
  return `${name} ${whole(median(samples.map(perSecond)))}/s`;
}

function goalCells(goal, { perSecond, ratio }) {
  if (goal === undefined) return ["", ""];
  if (goal.ratio !== undefined)
    return [`≥ ${percent(goal.ratio)}`, ratio >= goal.ratio ? "yes" : "NO"];
  return [`≥ ${whole(goal.perSecond)}/s`, perSecond >= goal.perSecond ? "yes" : "NO"];
}

function memoryCells({ what, megabytes, goal }) {
  const middle = median(megabytes);
  return [
    what,
    size(middle),
    `${size(Math.min(...megabytes))}–${size(Math.max(...megabytes))}`,
    "",
    "",
    "",
    goal ? `≤ ${size(goal.megabytes)}` : "",
    goal ? (middle <= goal.megabytes ? "yes" : "NO") : "",
  ];
}

export const whole = (number) => Math.round(number).toLocaleString("en-US");
export const percent = (ratio) => `${whole(ratio * 100)} %`;
export const size = (megabytes) => `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB`;

export function duration(seconds) {
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
  return `${seconds.toFixed(2)} s`;
}
