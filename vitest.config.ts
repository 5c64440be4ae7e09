import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Of two processors vitest would use one; a third test file runs while others wait for servers and commands.
    maxWorkers: 3,
    projects: [
      "packages/*",
      "packages/*/vitest.mocked.config.ts",
      "apps/*",
      "apps/*/vitest.engines.config.ts",
    ],
    reporters: ["default", "json"],
    outputFile: { json: ".reports/tests.json" },
  },
});
