import { project } from "../../vitest.base.ts";

export default project(import.meta.url, {
  name: "@nadb/backup (mocked)",
  include: "test/**/*.mocked.test.ts",
});
