// Backups between this backend and one of another kind, against the model, in both directions.
import { join } from "node:path";
import { openBackend } from "@nadb/cli";
import { backupModelSuite, type OpenBackend } from "@nadb/testkit";
import { describe, it } from "vitest";
import { sqliteBackend } from "../src/index.js";

const sqlite: OpenBackend = ({ folder, clock }) =>
  sqliteBackend({ path: join(folder(), "store.db"), clock });
const fs: OpenBackend = ({ folder, clock }) =>
  openBackend("fs:./data", { folder: folder(), clock });

const options = { runs: 6, runsPerTest: 2, shrinkTries: 20 };

describe("from fs to SQLite", () => {
  backupModelSuite({ describe, it }, { from: fs, into: sqlite }, options);
});

describe("from SQLite to fs", () => {
  backupModelSuite({ describe, it }, { from: sqlite, into: fs }, options);
});
