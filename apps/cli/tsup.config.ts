import { defineConfig } from "tsup";
import { command, library } from "../../tsup.base.ts";

// Two builds into one folder: only one of them cleans, and leaves alone what the other writes.
export default defineConfig([
  { ...library(), clean: false },
  { ...command("src/nadb.ts", "src/run-command.ts"), clean: ["!index.*"] },
]);
