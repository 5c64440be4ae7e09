// Backups from memory to memory against the model, and to an engine that outlives its close.
import { memoryBackend } from "@nadb/core";
import { describe, it } from "vitest";
import { backupModelSuite, type OpenBackend } from "../src/index.js";
import { singleKeyBackend } from "./single-key.js";
import { strictBackend } from "./strict-kv.js";

const memory: OpenBackend = ({ clock }) => memoryBackend({ clock });

describe("from memory to memory", () => {
  backupModelSuite({ describe, it }, { from: memory, into: memory });
});

describe("from an engine that is strict, and outlives close, to memory", () => {
  backupModelSuite({ describe, it }, { from: strictBackend, into: memory }, { runs: 30 });
});

describe("between an engine whose commits name one key only and memory", () => {
  backupModelSuite({ describe, it }, { from: singleKeyBackend, into: memory }, { runs: 20 });
  backupModelSuite({ describe, it }, { from: memory, into: singleKeyBackend }, { runs: 20 });
});
