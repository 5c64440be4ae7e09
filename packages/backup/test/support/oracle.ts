// What a store shows, as plain data that tests compare.
import { everyPage, type KeyValueStore } from "@nadb/core";

export interface Content {
  readonly text: string;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
}

export async function contentOf(store: KeyValueStore): Promise<Map<string, Content>> {
  const content = new Map<string, Content>();
  for await (const key of everyPage((from) => store.keys(from))) {
    const found = await store.getWithMetadata(key);
    if (found === undefined) continue;
    const { tags, createdAt, updatedAt, expiresAt } = found;
    const text = new TextDecoder().decode(found.value);
    content.set(key, { text, tags, createdAt, updatedAt, expiresAt });
  }
  return content;
}
