// What of a backup is restored, and with which expiry. A pure choice, record by record: restore, its plan and its dry run
// share it.
import {
  changeKey,
  decodeRecord,
  type EncodedChange,
  encodeRecord,
  invalidArgument,
  quote,
  recordExpiresAt,
} from "@nadb/core";

export type TtlPolicy = "keep" | "extend" | "strip";
export const TTL_POLICIES: readonly TtlPolicy[] = ["keep", "extend", "strip"];

export interface SelectOptions {
  /** Only records whose key begins with one of these, or is one of `keys`. */
  readonly prefixes?: readonly string[];
  /** Only records with one of these keys, or a key that begins with one of `prefixes`. */
  readonly keys?: readonly string[];
  /** Only records that carry at least one of these tags. */
  readonly tags?: readonly string[];
  /**
   * keep (default): the instants at which records expire stay. extend: what was left of a record's life at the backup's
   * cut is left from now on. strip: restored records do not expire. What has expired is not restored.
   */
  readonly ttl?: TtlPolicy;
}

/** The last instant there is; a life extended beyond it ends there. */
const LAST_INSTANT = 8_640_000_000_000_000;

/** How many records were passed over, and why. */
export interface PassedOver {
  filtered: number;
  expired: number;
}

/** @param cut when the backup was taken; @param now of the restore. In ms since the epoch. */
export class Selection {
  readonly passedOver: PassedOver = { filtered: 0, expired: 0 };
  readonly #options: SelectOptions;
  readonly #keys: ReadonlySet<string>;
  readonly #tags: ReadonlySet<string>;
  readonly #byKey: boolean;

  constructor(
    options: SelectOptions,
    readonly cut: number,
    readonly now: number,
  ) {
    const { prefixes = [], keys = [], tags = [], ttl = "keep" } = options;
    if (!TTL_POLICIES.includes(ttl)) {
      throw invalidArgument(`ttl ${quote(ttl)} is none of ${TTL_POLICIES.join(", ")}`);
    }
    this.#options = options;
    this.#keys = new Set(keys);
    this.#tags = new Set(tags);
    this.#byKey = prefixes.length > 0 || keys.length > 0;
  }

  /** Everything is restored but for what has expired. */
  get isWhole(): boolean {
    return !this.#byKey && this.#tags.size === 0;
  }

  /** The records to restore, as they are to be restored. */
  select(records: readonly EncodedChange[]): EncodedChange[] {
    const selected: EncodedChange[] = [];
    for (const record of records) {
      const made = this.#selectOne(record);
      if (made !== undefined) selected.push(made);
    }
    return selected;
  }

  #selectOne(record: EncodedChange): EncodedChange | undefined {
    if (!this.#matches(record)) {
      this.passedOver.filtered++;
      return undefined;
    }
    const { ttl = "keep" } = this.#options;
    const expiresAt = recordExpiresAt(record);
    if (expiresAt === 0) return record;
    if (expiresAt <= (ttl === "keep" ? this.now : this.cut)) {
      this.passedOver.expired++;
      return undefined;
    }
    if (ttl === "keep") return record;
    const { expiresAt: _, ...rest } = decodeRecord(record);
    const extended = Math.min(this.now + (expiresAt - this.cut), LAST_INSTANT);
    return encodeRecord(ttl === "strip" ? rest : { ...rest, expiresAt: extended });
  }

  #matches(record: EncodedChange): boolean {
    if (this.#byKey && !this.#matchesKey(changeKey(record))) return false;
    return this.#tags.size === 0 || decodeRecord(record).tags.some((tag) => this.#tags.has(tag));
  }

  #matchesKey(key: string): boolean {
    if (this.#keys.has(key)) return true;
    return this.#options.prefixes?.some((prefix) => key.startsWith(prefix)) ?? false;
  }
}
