// Contests as a table, a line for each contender. "first is": the first contender's rate as a share of this one's, or its
// bytes as a share of this one's.
import { goalCells } from "./goals.mjs";
import { median } from "./measure.mjs";
import { duration, percent, size, whole } from "./numbers.mjs";
import { markdown, perSecond } from "./report.mjs";

const HEADINGS = [
  "what",
  "store",
  "each",
  "per second",
  "min–max",
  "first is",
  "goal",
  "met?",
  "unlike",
];
const LEFT = ["what", "store", "unlike"].map((heading) => HEADINGS.indexOf(heading));

export const contestTable = (contests) => markdown(HEADINGS, contests.flatMap(linesOf), LEFT);

function linesOf({ what, contenders }) {
  const [first] = contenders;
  return contenders.map((contender) => [
    contender === first ? what : "",
    contender.store,
    ...(isOfBytes(contender) ? byteCells(contender) : timeCells(contender)),
    contender === first ? "" : percent(shareOf(first, contender)),
    ...goalCells(contender.goal, measuredOf(contender, first)),
    contender.unlike ?? "",
  ]);
}

const isOfBytes = ({ samples }) => samples[0].bytes !== undefined;

function timeCells({ samples }) {
  const rates = samples.map(perSecond);
  return [
    each(1 / median(rates)),
    whole(median(rates)),
    `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`,
  ];
}

const byteCells = ({ samples: [{ bytes }] }) => [
  bytes < 1e6 ? `${whole(bytes)} B` : size(bytes / 1e6),
  "",
  "",
];

/** A step may take less than a microsecond. */
const each = (seconds) =>
  seconds < 1e-5 ? `${(seconds * 1e6).toPrecision(2)} µs` : duration(seconds);

/** As the median over the rounds, in each of which the two ran next to each other. */
const shareOf = (first, other) =>
  median(first.samples.map((sample, round) => amountOf(sample) / amountOf(other.samples[round])));

const amountOf = (sample) => sample.bytes ?? perSecond(sample);

function measuredOf({ samples }, first) {
  if (samples[0].bytes !== undefined) return {};
  const rate = median(samples.map(perSecond));
  return { perSecond: rate, seconds: 1 / rate, ratio: shareOf(first, { samples }) };
}
