// A certificate for the loopback, made on the fly by openssl; it is its own authority.
import { execFile, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Config } from "./redis-process.mjs";

const CERTIFICATE = "certificate.pem";
const KEY = "key.pem";
const NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost";

/** What a server with `tls-port` needs; clients need no certificate. */
export const TLS_CONFIG: Config = {
  "tls-cert-file": CERTIFICATE,
  "tls-key-file": KEY,
  "tls-ca-cert-file": CERTIFICATE,
  "tls-auth-clients": "no",
};

/** Is there an openssl on this machine? */
export function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export async function makeCertificate(folder: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = ["-days", "2", "-subj", "/CN=nadb test", "-addext", NAMES];
  const args = ["req", "-x509", ...key, "-keyout", KEY, "-out", CERTIFICATE, ...about];
  await promisify(execFile)("openssl", args, { cwd: folder });
}

/** What clients trust, as text. */
export const readCertificate = (folder: string): Promise<string> =>
  readFile(join(folder, CERTIFICATE), "utf8");
