export { type FsBackendOptions, fsBackend } from "./fs-backend.js";
export { fsFolder, fsPlugin } from "./plugin.js";
