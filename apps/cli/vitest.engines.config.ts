import { project } from "../../vitest.base.ts";

export default project(import.meta.url, {
  name: "engines",
  include: "test/engines/**/*.test.ts",
});
