import { EMBEDDED } from "./all-engines.js";
import { testChainsOf } from "./chains.js";

testChainsOf(EMBEDDED);
