// nadb backup points: to which times the namespace can be restored, and where there are gaps.
import { type Gap, listPoints, type Points, type Stretch } from "@nadb/backup";
import type { Command } from "commander";
import { formatTable, formatTime, plural } from "../../format.js";
import type { Begin, Session } from "../../session.js";
import { openRepository } from "./reader.js";

export function addPoints(backup: Command, begin: Begin): void {
  backup
    .command("points")
    .description("to which times the namespace can be restored: earliest, latest, gaps")
    .action((_: object, command: Command) => showPoints(begin(command)));
}

async function showPoints(session: Session): Promise<void> {
  const { db, namespace } = session.flags;
  const repository = await openRepository(session);
  const points = await listPoints(repository, { db, namespace });
  if (points.points.length === 0)
    session.output.note(`there is no point of ${db}/${namespace} yet`);
  await session.output.result(points, pointsText(points));
}

function pointsText({ stretches, gaps, lost }: Points): string {
  if (stretches.length === 0) return "";
  const rows = stretches.flatMap((stretch, i) => [stretchRow(stretch), ...gapRows(gaps[i])]);
  const table = formatTable([["FROM", "TO", ""], ...rows]);
  if (lost === 0) return table;
  return `${table}\n\n${plural(lost, "segment")} that nothing leads to: nadb backup verify --archive`;
}

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
