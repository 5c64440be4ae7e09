// The store on the memory backend against the model: every write committed at once, and buffered, as if that paid.
// A backend that outlives its close is closed and opened in between.
import { describe, it } from "vitest";
import { modelSuite } from "../src/index.js";
import { backend } from "./mutants/mutant.js";
import { singleKeyBackend } from "./single-key.js";
import { strictBackend } from "./strict-kv.js";

const buffering = backend((inner) => ({
  capabilities: { ...inner.capabilities, buffering: true },
}));

describe("memory", () => {
  modelSuite({ describe, it }, buffering);
});

describe("an engine that is strict, and outlives close", () => {
  modelSuite({ describe, it }, strictBackend, { runs: 50 });
});

describe("an engine whose commits name one key only", () => {
  modelSuite({ describe, it }, singleKeyBackend, { runs: 50 });
});
