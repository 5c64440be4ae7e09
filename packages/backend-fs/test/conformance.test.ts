import { backendConformance } from "@nadb/testkit";
import { describe, it } from "vitest";
import { fsBackend } from "../src/index.js";

backendConformance({ describe, it }, ({ folder, clock }) => fsBackend({ path: folder(), clock }));
