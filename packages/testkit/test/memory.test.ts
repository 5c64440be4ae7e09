import { memoryBackend } from "@nadb/core";
import { describe, it } from "vitest";
import { backendConformance } from "../src/index.js";

backendConformance({ describe, it }, ({ clock }) => memoryBackend({ clock }));
