// What the kill suite kills.
import { fsBackend } from "@nadb/backend-fs";
import { killVictim } from "@nadb/testkit";

await killVictim((path, clock) => fsBackend({ path, clock }));
