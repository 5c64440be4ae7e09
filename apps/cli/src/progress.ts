// One line on a terminal's stderr that is written over while work goes on. Elsewhere it does nothing.
import { formatBytes, formatCount } from "./format.js";
import type { Output } from "./output.js";

export interface ProgressState {
  readonly phase: string;
  readonly records: number;
  readonly bytes: number;
  readonly totalRecords?: number;
}

const INTERVAL_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

export class ProgressLine implements Disposable {
  #shownAt = Number.NEGATIVE_INFINITY;
  #isVisible = false;

  constructor(readonly output: Output) {}

  readonly show = (state: ProgressState): void => {
    const now = performance.now();
    if (!this.output.showsProgress || now - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = now;
    this.#isVisible = true;
    this.output.stderr.write(CLEAR_LINE + progressText(state));
  };

  clear(): void {
    if (this.#isVisible) this.output.stderr.write(CLEAR_LINE);
    this.#isVisible = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

function progressText({ phase, records, bytes, totalRecords }: ProgressState): string {
  const of = totalRecords === undefined ? "" : ` of ${formatCount(totalRecords)}`;
  return `${phase}: ${formatCount(records)}${of} records, ${formatBytes(bytes)}`;
}
