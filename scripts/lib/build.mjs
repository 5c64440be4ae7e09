// Builds every package with turbo, which builds in dependency order and reuses what did not change.
import { command, node, seconds, TaskError } from "./processes.mjs";

export async function build() {
  const started = Date.now();
  const args = ["run", "build", "--output-logs=errors-only"];
  const { exitCode, output } = await node(command("turbo"), args);
  if (exitCode !== 0) throw new TaskError(`The build failed:\n${output.trimEnd()}`);
  const [, built = "?"] = output.match(/Tasks:\s+(\d+) successful/) ?? [];
  const [, cached = "?"] = output.match(/Cached:\s+(\d+) cached/) ?? [];
  console.log(`built ${built} packages, ${cached} of them from cache (${seconds(started)})`);
}
