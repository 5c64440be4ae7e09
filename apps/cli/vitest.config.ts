import { project } from "../../vitest.base.ts";

// What needs the example installed has a project of its own: vitest.engines.config.ts.
export default project(import.meta.url, { exclude: "test/engines/**" });
