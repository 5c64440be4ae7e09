export { fsBackend, type FsBackendOptions } from "./fs-backend.js";
