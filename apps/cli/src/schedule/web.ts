// Webhook and heartbeat: a request, tried a few times. INVARIANT: a URL is told without password and query, for that is
// where secrets stand.
import type { Timer } from "@nadb/backup";
import { invalidArgument, NadbError, quote } from "@nadb/core";

const TIMEOUT_MS = 10_000;
const TRIES = 4;
const FIRST_PAUSE_MS = 1_000;

export interface WebRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  /** Sent as JSON. */
  readonly body?: string;
}

export function publicUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** Throws NADB_INVALID_ARGUMENT. @param field names it in messages; what it says is not told. */
export function checkUrl(field: string, url: string): void {
  const isUrl = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isUrl) throw invalidArgument(`${quote(field)} is no URL that begins with http or https`);
}

/** Resolves once a try was answered with success. Throws NADB_IO when none was. */
export async function callWeb(
  request: WebRequest,
  timer: Timer,
  signal: AbortSignal,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    const failure = await failureOf(request, timer, signal);
    if (failure === undefined) return;
    if (failure.isLasting || tried === TRIES || signal.aborted)
      throw new NadbError("NADB_IO", `${request.method} ${publicUrl(request.url)}: ${failure.why}`);
    await timer.wait(FIRST_PAUSE_MS * 2 ** (tried - 1), signal);
  }
}

interface Failure {
  readonly why: string;
  /** A further try would get the same answer. */
  readonly isLasting: boolean;
}

async function failureOf(
  request: WebRequest,
  timer: Timer,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const over = new AbortController();
  const ended = new AbortController();
  void timer.wait(TIMEOUT_MS, AbortSignal.any([signal, ended.signal])).then(() => over.abort());
  try {
    const response = await send(request, over.signal);
    await response.body?.cancel();
    return response.ok ? undefined : refusal(response.status);
  } catch (error) {
    return { why: whyOf(error, over.signal.aborted, signal.aborted), isLasting: false };
  } finally {
    ended.abort();
  }
}

function send({ url, method, body }: WebRequest, signal: AbortSignal): Promise<Response> {
  const { username, password } = new URL(url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(login !== ":" && { authorization: `Basic ${Buffer.from(login).toString("base64")}` }),
  };
  const bare = Object.assign(new URL(url), { username: "", password: "" });
  return fetch(bare, { method, headers, signal, ...(body !== undefined && { body }) });
}

const refusal = (status: number): Failure => ({
  why: `answered with status ${status}`,
  isLasting: status < 500 && status !== 408 && status !== 429,
});

/** fetch tells what went wrong in the cause. */
function whyOf(error: unknown, isLate: boolean, isInterrupted: boolean): string {
  if (isInterrupted) return "interrupted";
  if (isLate) return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause = error } = error as Error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return message || code || "it failed";
}
