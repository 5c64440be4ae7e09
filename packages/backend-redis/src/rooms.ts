// The partitions of a namespace, as this process knows them, and what has to be asked of all of them.

import { CommitQueue } from "./commit-queue.js";
import { areAtOne, type PartitionHead, parseFacts, pointOf } from "./head-fields.js";
import type { Host } from "./host.js";
import type { Reply } from "./link.js";
import { type Answer, Partition } from "./partition.js";
import { Reader } from "./reader.js";
import type { Root } from "./root.js";
import { scripts } from "./scripts.js";

/** A partition, with the commits and reads that wait for their turn there. */
export interface Room {
  readonly partition: Partition;
  readonly queue: CommitQueue;
  readonly reader: Reader;
}

export class Rooms {
  #rooms: readonly Room[] = [];

  constructor(
    readonly host: Host,
    readonly root: Root,
  ) {}

  /** Without asking the server; undefined where it would have to be asked. */
  get known(): readonly Room[] | undefined {
    const { known } = this.root;
    return known && this.of(known.partitions);
  }

  /** None where there is no such namespace. */
  async found(): Promise<readonly Room[]> {
    const facts = await this.root.find();
    return facts === undefined ? [] : this.of(facts.partitions);
  }

  /** Of a namespace that is made where there is none. */
  async made(): Promise<readonly Room[]> {
    return this.of((await this.root.make()).partitions);
  }

  of(partitions: number): readonly Room[] {
    if (this.#rooms.length === partitions) return this.#rooms;
    this.#rooms = Array.from({ length: partitions }, (_, index) => {
      const partition = new Partition(this.host, this.root, index, partitions);
      const points = () => this.#pointsAround(index, partitions);
      const queue = new CommitQueue(this.host, partition, points);
      return { partition, queue, reader: new Reader(partition) };
    });
    return this.#rooms;
  }

  /** Of all partitions, at one: none for a namespace that was never written to. */
  async heads(): Promise<readonly PartitionHead[]> {
    for (let before = ""; ; ) {
      const rooms = await this.found();
      const read = rooms.map(({ partition }) => partition.read(scripts.head, []));
      const answers = await Promise.all(read);
      const heads = answers.flatMap((answer) => (answer === undefined ? [] : headIn(answer)));
      if (rooms.length === 0 || (heads.length === rooms.length && areAtOne(heads))) return heads;
      const now = heads.map(({ generation, loads }) => `${generation} ${loads}`).join();
      if (heads.length === rooms.length && now === before) throw this.root.halfLoaded();
      before = now;
    }
  }

  /** A read over several partitions, none of it before a load became visible and some of it behind. */
  async atOnce<T>(rooms: readonly Room[], read: () => Promise<T>): Promise<T> {
    if (rooms.length < 2) return read();
    for (;;) {
      const before = await this.heads();
      const result = await read();
      if (areAtOne([...before, ...(await this.heads())])) return result;
    }
  }

  /** What a checkpoint says before and behind the point of one partition. */
  async #pointsAround(index: number, partitions: number): Promise<readonly [string, string]> {
    if (partitions === 1) return ["", ""];
    let heads = await this.heads();
    while (heads.length < partitions) {
      await this.root.make();
      heads = await this.heads();
    }
    const points = heads.map(pointOf);
    const before = points.slice(0, index).map((point) => `${point}_`);
    return [
      before.join(""),
      points
        .slice(index + 1)
        .map((point) => `_${point}`)
        .join(""),
    ];
  }
}

const headIn = (answer: Answer): PartitionHead => parseFacts(answer[1] as readonly Reply[]);
