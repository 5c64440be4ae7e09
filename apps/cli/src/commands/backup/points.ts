// nadb backup points: to which times the namespace can be restored, and where there are gaps.
import {
  type Gap,
  isHidden,
  listPoints,
  type Points,
  type Stretch,
  type TimelinePoint,
} from "@nadb/backup";
import type { Command } from "commander";
import { formatTable, formatTime, instant, plural } from "../../format.js";
import type { Begin, Session } from "../../session.js";
import { openRepository } from "./reader.js";

interface Options {
  readonly all?: true;
}

export function addPoints(backup: Command, begin: Begin): void {
  backup
    .command("points")
    .description("to which times the namespace can be restored: earliest, latest, gaps")
    .option("--all", "each point with its id, which nadb backup restore --point takes")
    .action((options: Options, command: Command) => showPoints(begin(command), options));
}

async function showPoints(session: Session, { all }: Options): Promise<void> {
  const { db, namespace } = session.flags;
  const repository = await openRepository(session);
  const points = await listPoints(repository, { db, namespace });
  if (points.points.length === 0)
    session.output.note(`there is no point of ${db}/${namespace} yet`);
  await session.output.result(documentOf(points), all ? allText(points) : pointsText(points));
}

/** Each point with its times as text, too: `at` brings it, `timestamp` is what the clock said. */
function documentOf({ earliest, latest, points, stretches, gaps, ...counts }: Points): object {
  return {
    earliest: earliest && pointDocument(earliest),
    latest: latest && pointDocument(latest),
    stretches: stretches.map(({ from, to, count }) => ({
      from: pointDocument(from),
      to: pointDocument(to),
      count,
    })),
    gaps: gaps.map(({ after, before, ...gap }) => ({
      ...gap,
      after: pointDocument(after),
      before: pointDocument(before),
    })),
    points: points.map(pointDocument),
    ...counts,
  };
}

const pointDocument = (point: TimelinePoint): object => ({
  ...point,
  ...instant(point.time),
  at: formatTime(point.effectiveTime),
});

/** Oldest first. A point without a time of its own is one that --at can not bring. */
function allText({ points }: Points): string {
  if (points.length === 0) return "";
  const rows = points.map((point, i) => [
    isHidden(point, points[i + 1]) ? "" : formatTime(point.effectiveTime),
    formatTime(point.time),
    point.id,
  ]);
  return formatTable([["AT", "CLOCK", "POINT"], ...rows]);
}

function pointsText({ stretches, gaps, hidden, lost }: Points): string {
  if (stretches.length === 0) return "";
  const rows = stretches.flatMap((stretch, i) => [stretchRow(stretch), ...gapRows(gaps[i])]);
  const table = formatTable([["FROM", "TO", ""], ...rows]);
  const notes = [
    ...(hidden === 0 ? [] : [`${plural(hidden, "point")} that no time leads to: ${HIDDEN}`]),
    ...(lost === 0 ? [] : [`${plural(lost, "segment")} that nothing leads to: ${LOST}`]),
  ];
  return notes.length === 0 ? table : `${table}\n\n${notes.join("\n")}`;
}

const HIDDEN = "a clock ran ahead; nadb backup points --all names them";
const LOST = "nadb backup verify --archive";

const stretchRow = ({ from, to, count }: Stretch): string[] => [
  formatTime(from.effectiveTime),
  formatTime(to.effectiveTime),
  plural(count, "point"),
];

const GAP_TEXT = {
  replaced: "the content was replaced",
  missing: "not archived, or lost",
  unwatched: "nobody looked",
};

const gapRows = (gap: Gap | undefined): string[][] =>
  gap === undefined ? [] : [["", "", `gap of ${gap.seconds} s: ${GAP_TEXT[gap.reason]}`]];
