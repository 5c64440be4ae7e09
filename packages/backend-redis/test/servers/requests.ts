// Cuts what a client sends into its requests: `*count`, then `$length` and as many bytes for each argument.
// INVARIANT: the requests, joined, are the bytes that came; a request is handed out once it is whole.

export interface Request {
  /** The command in capitals: "EVALSHA". */
  readonly name: string;
  readonly args: readonly Buffer[];
  readonly bytes: Buffer;
}

export class RequestReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** With fewer bytes there is no whole request: a long one is not joined and looked at for each of its chunks. */
  #least = 0;

  /** The requests that are whole now. */
  take(chunk: Buffer): Request[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this.#length < this.#least ? [] : this.#cut(Buffer.concat(this.#chunks));
  }

  #cut(bytes: Buffer): Request[] {
    const requests: Request[] = [];
    let rest = bytes;
    let next = parse(rest);
    for (; typeof next !== "number"; next = parse(rest)) {
      requests.push(next);
      rest = rest.subarray(next.bytes.length);
    }
    this.#chunks = [rest];
    this.#length = rest.length;
    this.#least = next;
    return requests;
  }
}

/** The request at the beginning; while bytes of it are missing, the least length with which it may be whole. */
function parse(bytes: Buffer): Request | number {
  const head = numberAt(bytes, 0, "*");
  if (head === undefined) return bytes.length + 1;
  const args: Buffer[] = [];
  let at = head.end;
  while (args.length < head.value) {
    const length = numberAt(bytes, at, "$");
    if (length === undefined) return bytes.length + 1;
    const end = length.end + length.value;
    at = end + "\r\n".length;
    if (bytes.length < at) return at;
    args.push(bytes.subarray(length.end, end));
  }
  return { name: String(args[0]).toUpperCase(), args: args.slice(1), bytes: bytes.subarray(0, at) };
}

interface Found {
  readonly value: number;
  readonly end: number;
}

function numberAt(bytes: Buffer, at: number, mark: "*" | "$"): Found | undefined {
  const end = bytes.indexOf("\r\n", at);
  if (end === -1) return undefined;
  const line = bytes.toString("latin1", at, end);
  if (!line.startsWith(mark)) throw new Error(`the client sent no request of RESP: ${line}`);
  return { value: Number(line.slice(1)), end: end + 2 };
}
