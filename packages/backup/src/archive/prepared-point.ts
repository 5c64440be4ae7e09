// A point whose restore is prepared (restore-prepared.ts): chosen once, and held with all that leads to it. Where a reader was
// told too late that a segment goes, the same point is read anew, from what has replaced it.
import type { StorageNamespace } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import { Renewing } from "../renewing.js";
import type { Repository } from "../repository.js";
import {
  type ExecuteRestoreOptions,
  Preparation,
  type PreparedRestore,
  type PrepareRestoreOptions,
} from "../restore-prepared.js";
import { checkMode, type RestoreSource, sourceIn } from "../restore-source.js";
import { systemTimer, type Timer } from "../timer.js";
import { HeldArchive } from "./hold.js";
import { openPoint, type PointReading } from "./read-point.js";
import {
  type AtPoint,
  type AtTime,
  chosenBy,
  type PointRestoration,
  type PointRestorePlan,
} from "./restore-point.js";
import type { Timeline, TimelinePoint } from "./timeline.js";

export interface PreparedPointRestore extends PreparedRestore<PointRestorePlan, PointRestoration> {
  readonly point: TimelinePoint;
}

/** Throws as `restorePoint` does before it reads the content. */
export async function preparePoint(
  repository: Repository,
  storage: StorageNamespace,
  what: AtTime | AtPoint,
  { timer, ...options }: PrepareRestoreOptions,
): Promise<PreparedPointRestore> {
  checkMode(options);
  const choose = chosenBy(what);
  const archive = await HeldArchive.of(repository, what.of ?? storage.id);
  try {
    const opened = await archive.use((timeline) => openIn(archive, timeline, choose(timeline)));
    const preparation = new Preparation(repository, storage, options);
    return new PreparedPoint(
      preparation,
      archive,
      opened,
      timer ?? systemTimer(repository.host.clock),
    );
  } catch (error) {
    await archive.release();
    throw error;
  }
}

interface Opened {
  readonly timeline: Timeline;
  readonly reading: PointReading;
}

const openIn = async (
  { repository, id }: HeldArchive,
  timeline: Timeline,
  point: TimelinePoint,
): Promise<Opened> => ({ timeline, reading: await openPoint(repository, id, timeline, point) });

class PreparedPoint implements PreparedPointRestore {
  readonly point: TimelinePoint;
  readonly info: BackupInfo;
  readonly #preparation: Preparation;
  readonly #archive: HeldArchive;
  readonly #renewing: Renewing;
  #opened: Opened;

  constructor(preparation: Preparation, archive: HeldArchive, opened: Opened, timer: Timer) {
    this.point = opened.reading.point;
    this.info = opened.reading.info;
    this.#preparation = preparation;
    this.#archive = archive;
    this.#opened = opened;
    this.#renewing = new Renewing(async () => archive.lease?.renew(), timer);
  }

  async plan(work: LongWork = {}): Promise<PointRestorePlan> {
    return this.#read(async (source, { names }) => {
      const plan = await this.#preparation.plan(source, work);
      return { ...plan, chain: names, point: this.point };
    });
  }

  async execute(options: ExecuteRestoreOptions = {}): Promise<PointRestoration> {
    return this.#read(async (source) => {
      return { ...(await this.#preparation.execute(source, options)), point: this.point };
    });
  }

  async #read<T>(use: (source: RestoreSource, reading: PointReading) => Promise<T>): Promise<T> {
    return this.#archive.use(async (timeline) => {
      if (timeline !== this.#opened.timeline) await this.#openAnew(timeline);
      const { repository, options } = this.#preparation;
      const { reading } = this.#opened;
      return use(sourceIn(repository, reading, reading.info, options), reading);
    });
  }

  async #openAnew(timeline: Timeline): Promise<void> {
    const opened = await openIn(this.#archive, timeline, this.point);
    await this.#opened.reading[Symbol.asyncDispose]();
    this.#opened = opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#renewing[Symbol.asyncDispose]();
    await this.#opened.reading[Symbol.asyncDispose]();
    await this.#archive.release();
  }
}
