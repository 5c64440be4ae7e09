import { project } from "../../vitest.base.ts";

export default project(import.meta.url, { isolate: false });
