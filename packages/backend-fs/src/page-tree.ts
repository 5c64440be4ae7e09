// Which pages of data.mdb its trees reach, found by reading them.
//
//   page := number:u64 txnid:u64 pad:u16 flags:u16 lower:u16 upper:u16 offset:u16[lower / 2] … node*
//   node := low:u16 high:u16 flags:u16 keyLength:u16 key data        offsets count from the end of the header
//
// In a branch low, high and flags are the number of a page below. In a leaf, flag 1 says that the data stands on
// pages of its own: data := firstPage:u64 txnid:u64 pages:u64.
import type { FileHandle } from "node:fs/promises";

export const PAGE_HEADER_BYTES = 24;
const NODE_HEADER_BYTES = 8;
const BRANCH = 1;
const LEAF = 2;
const BIG_DATA = 1;
/** The root of an empty tree. */
const NO_PAGE = 2n ** 64n - 1n;

interface Trees {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
}

interface Reference {
  readonly first: bigint;
  readonly pages: bigint;
  readonly below: boolean;
}

/** Whether the trees use any page that is not wholly inside the first `size` bytes, or can not be followed. */
export async function reachesPast(size: number, file: FileHandle, trees: Trees): Promise<boolean> {
  const { pageBytes, roots } = trees;
  const end = BigInt(Math.floor(size / pageBytes));
  const seen = new Set<bigint>();
  const left = roots.filter((root) => root !== NO_PAGE);
  for (let page = left.pop(); page !== undefined; page = left.pop()) {
    if (page >= end) return true;
    if (seen.has(page)) continue;
    seen.add(page);
    const bytes = Buffer.alloc(pageBytes);
    await file.read(bytes, 0, pageBytes, Number(page) * pageBytes);
    const references = referencesOf(bytes);
    if (references === undefined) return true;
    for (const { first, pages, below } of references) {
      if (first + pages > end) return true;
      if (below) left.push(first);
    }
  }
  return false;
}

/** The pages that a page names; undefined when it is no page of a tree. */
function referencesOf(page: Buffer): Reference[] | undefined {
  const flags = page.readUInt16LE(18);
  if ((flags & (BRANCH | LEAF)) === 0) return undefined;
  const offsetsEnd = PAGE_HEADER_BYTES + page.readUInt16LE(20);
  const references: Reference[] = [];
  for (let at = PAGE_HEADER_BYTES; at < offsetsEnd; at += 2) {
    const node = PAGE_HEADER_BYTES + page.readUInt16LE(at);
    if (node + NODE_HEADER_BYTES > page.length) return undefined;
    const reference = (flags & BRANCH) === 0 ? bigDataOf(page, node) : pageBelow(page, node);
    if (reference !== undefined) references.push(reference);
  }
  return references;
}

function pageBelow(page: Buffer, node: number): Reference {
  return { first: BigInt(page.readUIntLE(node, 6)), pages: 1n, below: true };
}

function bigDataOf(page: Buffer, node: number): Reference | undefined {
  if ((page.readUInt16LE(node + 4) & BIG_DATA) === 0) return undefined;
  const data = node + NODE_HEADER_BYTES + page.readUInt16LE(node + 6);
  if (data + 24 > page.length) return { first: NO_PAGE, pages: 1n, below: false };
  const [first, pages] = [page.readBigUInt64LE(data), page.readBigUInt64LE(data + 16)];
  return { first, pages, below: false };
}
