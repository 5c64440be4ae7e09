// The store on a folder against the model, every write committed at once and buffered.
import { modelSuite } from "@nadb/testkit";
import { describe, it } from "vitest";
import { fsBackend } from "../src/index.js";

modelSuite({ describe, it }, ({ folder, clock }) => fsBackend({ path: folder(), clock }), {
  runs: 100,
  runsPerTest: 10,
  shrinkTries: 50,
});
