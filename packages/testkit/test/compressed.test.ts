// Compression keeps every promise of the contract: the whole suite passes over namespaces that compress their values,
// each as soon as it shrinks, and again each whatever comes of it, so that no law meets plain values only. One law is
// not for them: they seal values themselves and take none that are sealed.
import { memoryBackend } from "@nadb/core";
import { describe, it } from "vitest";
import { backendConformance, type Runner } from "../src/index.js";
import { compressing } from "./compressing.js";

const runner: Runner = {
  describe: (law, body) => (law === "sealed values" ? undefined : describe(law, body)),
  it,
};

describe.each([
  ["that shrink", {}],
  ["of any kind", { maxRatio: Number.POSITIVE_INFINITY }],
])("compressed values %s", (_, options) => {
  backendConformance(runner, ({ clock }) =>
    compressing(memoryBackend({ clock }), { minBytes: 1, ...options }),
  );
});
