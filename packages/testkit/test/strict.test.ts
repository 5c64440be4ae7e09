// The embedded layer asks no more of an engine than ordered-kv.ts promises.
import { describe, it } from "vitest";
import { backendConformance } from "../src/index.js";
import { strictBackend } from "./strict-kv.js";

backendConformance({ describe, it }, strictBackend);
