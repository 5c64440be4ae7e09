import { project } from "../../vitest.base.ts";

// Files that mock modules have a project of their own: vitest.mocked.config.ts.
export default project(import.meta.url, { isolate: false, exclude: "**/*.mocked.test.ts" });
