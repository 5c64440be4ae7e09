import { join } from "node:path";
import { modelSuite } from "@nadb/testkit";
import { describe, it } from "vitest";
import { sqliteBackend } from "../src/index.js";

modelSuite(
  { describe, it },
  ({ folder, clock }) => sqliteBackend({ path: join(folder(), "store.db"), clock }),
  { runs: 20, runsPerTest: 5, shrinkTries: 50 },
);
