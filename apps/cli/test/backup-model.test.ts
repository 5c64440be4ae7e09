// Backups between the engines we bring against the model, in a repository on disk.
import { join } from "node:path";
import { fsBackend } from "@nadb/backend-fs";
import { directoryTarget } from "@nadb/backup";
import { memoryBackend } from "@nadb/core";
import { backupModelSuite, type OpenBackend, type OpenTarget, type Runner } from "@nadb/testkit";
import { describe, it } from "vitest";

const memory: OpenBackend = ({ clock }) => memoryBackend({ clock });
const fs: OpenBackend = ({ folder, clock }) => fsBackend({ path: folder(), clock });
const onDisk: OpenTarget = ({ folder }) => directoryTarget(join(folder(), "backups"));

/** A flush takes its time, so does making a failing sequence shorter. */
const patient: Runner = { describe, it: (name, body) => it(name, body, 120_000) };

describe.each([
  ["from memory to fs", memory, fs, 4],
  ["from fs to memory", fs, memory, 4],
  ["from fs to fs", fs, fs, 6],
])("%s", (_name, from, into, runs) => {
  const options = { runs, runsPerTest: 2, shrinkTries: 30 };
  backupModelSuite(patient, { from, into, repository: onDisk }, options);
});
