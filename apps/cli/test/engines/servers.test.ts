import { SERVERS } from "./all-engines.js";
import { testChainsOf } from "./chains.js";

testChainsOf(SERVERS);
