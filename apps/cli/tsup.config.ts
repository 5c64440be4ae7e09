import { defineConfig } from "tsup";
import { command } from "../../tsup.base.ts";

export default defineConfig(command("src/nadb.ts"));
