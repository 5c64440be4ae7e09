// What is refused has allocated next to nothing: forged packs whose checksums are right and whose lengths are not. Every case
// claims hundreds of megabytes from a file of a few kilobytes.
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type * as platform from "../../src/platform/zstd.node.js";
import * as portable from "../../src/platform/zstd.portable.js";
import { refuses } from "../support/fails.js";
import { type BlockSpec, build, decode, type PackSpec, raw, u32 } from "../support/pack.js";
import { record } from "../support/store.js";
import { frame, header, repeated, stored } from "../support/zstd.js";

const MIB = 1 << 20;
/** The issue allows 64 MiB; none of these takes as much. */
const LIMIT = 12 * MIB;

const choice = vi.hoisted(() => ({ portable: true }));

vi.mock("../../src/platform/zstd.node.js", async (original) => {
  const ours: typeof platform = await original();
  return {
    zstd: ours.zstd,
    unzstd: (bytes: Uint8Array, rawLength: number) =>
      (choice.portable ? portable : ours).unzstd(bytes, rawLength),
  } satisfies typeof platform;
});

const change = record("a", "value ".repeat(100));
const plain = raw(change);
const pack = (block: Partial<BlockSpec>, more: Partial<PackSpec> = {}): Buffer =>
  build({
    blocks: [{ codec: 0, changeCount: 1, rawLength: plain.length, payload: plain, ...block }],
    recordCount: 1,
    ...more,
  });

const HUGE = [65 * MIB, 200 * MIB, 511 * MIB, 513 * MIB, 0x7fffffff, 0xffffffff];
const zeros = gzipSync(Buffer.alloc(8 * MIB));
/** A block that calls itself compressed, may unpack to 128 KiB, and is nonsense. */
const hollow = Buffer.of((2 << 3) | 4, 0, 0, 0xff, 0xff);
const hollows = (size: number, window?: number): Buffer => {
  const blocks = Array.from({ length: Math.ceil(size / (128 << 10)) }, () => hollow);
  return window === undefined ? frame(size, blocks) : header({ size, window }, blocks);
};

const forgeries: readonly (readonly [name: string, file: () => Buffer])[] = [
  ...HUGE.flatMap((length): (readonly [string, () => Buffer])[] => [
    [`stored, raw length ${length}`, () => pack({ rawLength: length })],
    [`stored, both lengths ${length}`, () => pack({ rawLength: length, storedLength: length })],
    [`stored, ${length} changes`, () => pack({ changeCount: length })],
    [`gzip, raw length ${length}`, () => pack({ codec: 1, payload: zeros, rawLength: length })],
    [
      `zstd, raw length ${length}, of a single segment`,
      () => pack({ codec: 2, payload: frame(length, [stored(plain)]), rawLength: length }),
    ],
    [
      `zstd, raw length ${length}, hollow blocks in a single segment`,
      () => pack({ codec: 2, payload: hollows(Math.min(length, 600 * MIB)), rawLength: length }),
    ],
    [
      `zstd, raw length ${length}, hollow blocks and a window of 8 MiB`,
      () =>
        pack({ codec: 2, payload: hollows(Math.min(length, 600 * MIB), 0x68), rawLength: length }),
    ],
    [`a change of ${length} bytes`, () => pack({ payload: withLength(length) })],
    [`an index of ${length} blocks`, () => withBlockCount(length)],
  ]),
  [
    "zstd, a window of 2 TiB",
    () => zstdOf(header({ size: plain.length, window: 0xff }, [stored(plain)])),
  ],
  [
    "zstd, a window of 16 MiB",
    () => zstdOf(header({ size: plain.length, window: 0x70 }, [stored(plain)])),
  ],
  [
    "zstd, a bomb: blocks of 500 MiB behind a small size",
    () =>
      zstdOf(
        frame(
          plain.length,
          Array.from({ length: 4_000 }, () => repeated(0, 128 << 10)),
        ),
      ),
  ],
  ["gzip, a bomb behind a small size", () => pack({ codec: 1, payload: zeros })],
  ["a trailer that points to 2^52", () => pack({}, { indexOffset: 2 ** 52 })],
  ["a trailer of 2^52 records", () => pack({}, { recordCount: 2 ** 52 })],
];

const zstdOf = (payload: Buffer): Buffer => pack({ codec: 2, payload });

function withLength(length: number): Buffer {
  const copy = Buffer.from(plain);
  copy.writeUInt32BE(length);
  return copy;
}

/** Behind the only block; its checksum is then wrong, too, but a reader must not get as far as to allocate. */
function withBlockCount(count: number): Buffer {
  const file = pack({});
  u32(count).copy(file, file.length - 32 - 32 - 20 - 4);
  return file;
}

/** Counts what is allocated by `new Uint8Array(length)`, whether it is kept or not. */
const counted = { bytes: 0 };

beforeEach(() => {
  counted.bytes = 0;
  const counting = new Proxy(Uint8Array, {
    construct(target, [first, ...rest], newTarget) {
      if (typeof first === "number") counted.bytes += first;
      return Reflect.construct(target, [first, ...rest], newTarget);
    },
  });
  vi.stubGlobal("Uint8Array", counting);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each([
  ["node", false],
  ["portable", true],
])("a forged pack allocates next to nothing, unpacked by %s", (_, isPortable) => {
  it.each(forgeries)("%s", async (_name, make) => {
    choice.portable = isPortable;
    const file = make();
    expect(file.length).toBeLessThan(MIB);
    counted.bytes = 0;
    const before = process.memoryUsage().arrayBuffers;
    await refuses("NADB_CORRUPTION", () => decode(file));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LIMIT);
    expect(counted.bytes).toBeLessThan(LIMIT);
  });

  it("the count sees what a sound pack allocates", async () => {
    choice.portable = isPortable;
    const changes = await decode(pack({}), 100);
    expect(changes).toHaveLength(1);
    expect(counted.bytes).toBeGreaterThan(plain.length);
  });
});
