// Trees of files, as the quickstart copies and compares them. Only regular files count.
import { copyFile, lstat, mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";

/** The regular files below `folder`, as sorted paths with "/" between their parts. */
export async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.split(sep).join("/"))
    .sort();
}

/** Copies the files of at most `maxBytes` each; answers how many there are and what they weigh. */
export async function copyFiles(from, to, { maxBytes }) {
  const copied = { count: 0, bytes: 0, leftOut: 0 };
  for (const file of await filesOf(from)) {
    const { size } = await lstat(join(from, file));
    if (size > maxBytes) {
      copied.leftOut++;
      continue;
    }
    await mkdir(dirname(join(to, file)), { recursive: true });
    await copyFile(join(from, file), join(to, file));
    copied.count++;
    copied.bytes += size;
  }
  return copied;
}

/** Every difference between two trees, in words; none when they are equal byte for byte. */
export async function differences(one, other) {
  const [mine, theirs] = await Promise.all([filesOf(one), filesOf(other)]);
  const [ours, others] = [new Set(mine), new Set(theirs)];
  const found = theirs.filter((file) => !ours.has(file)).map((file) => `${file} is new`);
  for (const file of mine) {
    if (!others.has(file)) found.push(`${file} is missing`);
    else if (!(await isSameFile(join(one, file), join(other, file)))) found.push(`${file} differs`);
  }
  return found;
}

async function isSameFile(one, other) {
  const [mine, theirs] = await Promise.all([readFile(one), readFile(other)]);
  return mine.equals(theirs);
}
