import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Of two processors vitest would use one.
    maxWorkers: 2,
    projects: ["packages/*", "apps/*"],
    reporters: ["default", "json"],
    outputFile: { json: ".reports/tests.json" },
  },
});
