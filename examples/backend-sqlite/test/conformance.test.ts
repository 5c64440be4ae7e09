import { join } from "node:path";
import { backendConformance } from "@nadb/testkit";
import { describe, it } from "vitest";
import { sqliteBackend } from "../src/index.js";

backendConformance({ describe, it }, ({ folder, clock }) =>
  sqliteBackend({ path: join(folder(), "store.db"), clock }),
);
