// The server that tests and benchmarks of the Redis backend start for themselves: found on this machine, or installed by
// Debian's package manager. INVARIANT: what is installed is a program; no service is started or enabled by it.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { env, getuid } from "node:process";
import { run, seconds, TaskError } from "./processes.mjs";

const OLDEST = 7;
const PACKAGE = "redis-server";
/** Debian's scripts ask this program before they start a service; 101 is a no. */
const POLICY_FILE = "/usr/sbin/policy-rc.d";
const NO_SERVICE = "#!/bin/sh\nexit 101\n";

/** Answers at once when there is a server: PATH's, or the one that NADB_REDIS_SERVER names. */
export async function setUpRedis() {
  const named = env.NADB_REDIS_SERVER;
  const found = await versionOf(named || "redis-server");
  if (found >= OLDEST) return;
  if (named) throw new TaskError(advice(`NADB_REDIS_SERVER names ${named}, which is none`));
  if (found !== undefined) throw new TaskError(advice(`the one on PATH is ${found}`));
  if (!mayInstall()) throw new TaskError(advice("there is none on PATH"));
  await install();
}

const advice = (state) =>
  `NADB's tests need redis-server ${OLDEST} or newer and ${state}: install it ` +
  `(Debian: apt-get install ${PACKAGE}), or name a program in NADB_REDIS_SERVER.`;

/** The major version; undefined if there is no such program. Valkey says "server v=", too. */
async function versionOf(program) {
  try {
    const { output } = await run(program, ["--version"]);
    const [, major] = output.match(/\bv=(\d+)\./) ?? [];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}

const mayInstall = () => getuid?.() === 0 && existsSync("/usr/bin/apt-get");

async function install() {
  const started = Date.now();
  const allowServices = forbidServices();
  let { exitCode, output } = await installPackage();
  if (exitCode !== 0) {
    await apt("update"); // a fresh machine knows no packages
    ({ exitCode, output } = await installPackage());
  }
  allowServices();
  const version = await versionOf("redis-server");
  if (exitCode !== 0) throw new TaskError(advice(`apt-get could not install it (${why(output)})`));
  if (!(version >= OLDEST)) throw new TaskError(advice(`the one of this system is ${version}`));
  await stayOff();
  console.log(`installed ${PACKAGE} ${version} (${seconds(started)})`);
}

const installPackage = () => apt("install", "--yes", "--no-install-recommends", PACKAGE);

const apt = (...args) =>
  run("env", [
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-o",
    "DPkg::Lock::Timeout=120",
    ...args,
  ]);

const why = (output) => /^E: (.*?)\.?$/m.exec(output)?.[1] ?? "it does not say why";

/** Where a machine has a rule for services already, that one stays. Answers how to take ours away. */
function forbidServices() {
  if (existsSync(POLICY_FILE)) return () => {};
  writeFileSync(POLICY_FILE, NO_SERVICE, { mode: 0o755 });
  return () => rmSync(POLICY_FILE, { force: true });
}

/** Nor does the service start with the machine. */
async function stayOff() {
  if (existsSync("/run/systemd/system")) await run("systemctl", ["disable", PACKAGE]);
}
