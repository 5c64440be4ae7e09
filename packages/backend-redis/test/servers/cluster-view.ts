// What one node of a cluster believes: the lines of CLUSTER NODES, parsed.
import type { Server } from "./standalone.js";

export interface NodeView {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** The id of the master, of a replica. */
  readonly masterId: string | undefined;
  /** "0-5460", "7000"; none of a replica. */
  readonly slots: readonly string[];
}

export async function viewOf(server: Server): Promise<NodeView[]> {
  const text = (await server.call("CLUSTER", "NODES")) as string;
  return text.trimEnd().split("\n").map(parseLine);
}

/** id host:port@bus flags master ping pong epoch link slots; a slot on its way stands in brackets. */
function parseLine(line: string): NodeView {
  const [id = "", address = "", flags = "", master = "-", , , , , ...slots] = line.split(" ");
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    flags: flags.split(",").filter((flag) => flag !== "myself"),
    masterId: master === "-" ? undefined : master,
    slots: slots.filter((slot) => !slot.startsWith("[")),
  };
}

/** Equal texts: the nodes believe the same. */
export const summary = (view: readonly NodeView[]): string =>
  view
    .map(({ port, flags, masterId, slots }) => `${port} ${flags} ${masterId} ${slots}`)
    .sort()
    .join("\n");

export function ownerOf(view: readonly NodeView[], slot: number): NodeView | undefined {
  return view.find(({ slots }) => slots.some((range) => covers(range, slot)));
}

function covers(range: string, slot: number): boolean {
  const [first = Number.NaN, last = first] = range.split("-").map(Number);
  return first <= slot && slot <= last;
}
