// Writes that go to the namespace below at once: commits and staged loads. INVARIANT: each comes after what was
// buffered before its call, and before what is buffered from then on.
import type { CommitOptions, StagedLoad } from "../backend.js";
import type { Admission } from "./admission.js";
import type { Flusher } from "./flusher.js";
import type { Layer } from "./layer.js";
import type { Overlay } from "./overlay.js";

export class DirectWrites {
  constructor(
    readonly overlay: Overlay,
    readonly flusher: Flusher,
    readonly admission: Admission,
  ) {}

  /** Whether a write would go straight down, within the call. */
  get isFree(): boolean {
    return this.overlay.isEmpty && this.admission.isIdle;
  }

  /** Resolves once everything buffered before this call is committed; rejects with what the commit threw. */
  flush(): Promise<void> {
    return this.admission.enter(false, () => this.flusher.through(this.overlay.newest));
  }

  inOrder<T>(write: () => Promise<T>): Promise<T> {
    return this.admission.enter(false, () => {
      const before = this.overlay.newest;
      this.overlay.freeze();
      const written = this.#behind(before, write);
      this.overlay.fresh.commits.add(written);
      return written;
    });
  }

  load(load: StagedLoad): StagedLoad {
    return {
      put: (changes, options) => load.put(changes, options),
      commit: async (options = {}) => {
        options.signal?.throwIfAborted();
        return this.inOrder(() => load.commit(options));
      },
      abort: () => load.abort(),
    };
  }

  async #behind<T>(before: Layer | undefined, write: () => Promise<T>): Promise<T> {
    if (before !== undefined) await this.flusher.through(before);
    return write();
  }
}

/** What the caller does to its objects before the commit has its turn changes nothing. */
export function copyOptions({ expect, ...options }: CommitOptions): CommitOptions {
  if (expect === undefined) return options;
  return { ...options, expect: expect.map(({ key, version }) => ({ key, version })) };
}
