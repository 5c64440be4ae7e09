// The pieces of one run, whichever way it has to be read: one that is whole as every reader reads it, one that is damaged
// block by block or line by line.

import { readRun } from "../run/read-run.js";
import type { BackupTarget } from "../target.js";
import { FileBytes, type FileWork } from "./file-bytes.js";
import { walkJson } from "./json-text.js";
import { infoOf } from "./lineage.js";
import { walkPack } from "./pack-blocks.js";
import type { Piece } from "./piece.js";
import type { RunSource } from "./report.js";
import { locatedInfo } from "./sources.js";

export const pathOf = ({ backupId, folder, dataFile, known }: RunSource): string =>
  `${folder ?? backupId}/${dataFile ?? known.dataFile ?? ""}`.replace(/\/$/, "");

export async function* piecesOf(
  target: BackupTarget,
  source: RunSource,
  work: FileWork,
): AsyncGenerator<Piece, void, undefined> {
  if (source.state === "missing") return;
  if (source.state === "whole") {
    for await (const changes of readRun(target, locatedInfo(source), { ...work, ahead: 1 }))
      yield { type: "changes", changes, isProven: true };
    return;
  }
  const path = pathOf(source);
  const file = await FileBytes.open(target, path, work);
  const isKnownTorn = infoOf(source) !== undefined; // or else the plan has thrown
  if (path.endsWith(".nadb")) yield* walkPack(file, !isKnownTorn);
  else yield* walkJson(file, path.endsWith(".gz"));
}
