// SIGKILL at any instant, again and again on the same folder. NADB_KILLS=1000 kills more often; the draws are NADB_SEED's.
import { fileURLToPath } from "node:url";
import { type KillPlace, killSuite, type Runner } from "@nadb/testkit";
import { describe, it } from "vitest";
import { fsBackend } from "../src/index.js";

const KILLS = 120;
const TIMEOUT_MS = 60_000 + Number(process.env.NADB_KILLS || KILLS) * 2_000;
const patient: Runner = { describe, it: (name, body) => it(name, body, TIMEOUT_MS) };

const folders: KillPlace = {
  program: fileURLToPath(new URL("programs/kill-victim.mjs", import.meta.url)),
  storage: ({ folder }) => ({ name: folder() }),
  open: (path, clock) => fsBackend({ path, clock }),
};

killSuite(patient, folders, { kills: KILLS });
