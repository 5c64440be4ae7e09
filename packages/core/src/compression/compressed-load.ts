// A staged load that seals what it is given. It is counted and hashed by its logical values, so digests of what was
// loaded agree with those of the run it came from.
import type { EncodedChange, Loaded, StagedCommitOptions, StagedLoad } from "../backend.js";
import { mapReady, Turns } from "./ready.js";
import type { Sealer } from "./sealer.js";

export class CompressedLoad implements StagedLoad {
  readonly #turns = new Turns();

  constructor(
    readonly inner: StagedLoad,
    readonly sealer: Sealer,
  ) {}

  async put(
    changes: readonly EncodedChange[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<void> {
    const sealed = mapReady(changes, (change) => this.sealer.change(change));
    return this.#turns.run(sealed, (ready) => this.inner.put(ready, options));
  }

  async commit(options?: StagedCommitOptions): Promise<Loaded> {
    return this.#turns.run(undefined, () => this.inner.commit(options));
  }

  async abort(): Promise<void> {
    return this.#turns.run(undefined, () => this.inner.abort());
  }
}
