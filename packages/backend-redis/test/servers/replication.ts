// Who leads and who follows, as the servers themselves say it.
import type { Server } from "./standalone.js";

export async function isMaster(server: Server): Promise<boolean> {
  const [role] = (await server.call("ROLE")) as [string];
  return role === "master";
}

/** How far a master has written. */
export async function offsetOf(master: Server): Promise<number> {
  const [, offset] = (await master.call("ROLE")) as [string, number];
  return offset;
}

/** Is it a replica of `master` that has all up to `offset`? */
export async function follows(server: Server, master: Server, offset: number): Promise<boolean> {
  const [role, , port, state, reached] = (await server.call("ROLE")) as unknown[];
  return (
    role === "slave" && port === master.port && state === "connected" && Number(reached) >= offset
  );
}
