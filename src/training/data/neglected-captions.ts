import type { CheckedPair } from './check-pair.ts';
import { invalidSet } from './contract/invalid-set.ts';
import { isPicture, stemOf } from './layouts/file-names.ts';
import type { Laid, SetFiles } from './contract/layout.ts';

const texts = /\.(?:txt|captions?|cap|tags?|json)$/i;

/** Refuses to train without captions where files that look like captions lie beside the pictures and nobody reads them. */
export function refuseNeglectedCaptions(
  pairs: readonly CheckedPair[],
  { pairs: drafts, lists }: Laid,
  { all }: SetFiles,
): void {
  if (pairs.some(({ captioned }) => captioned)) return;
  const read = new Set([
    ...lists,
    ...drafts.flatMap(({ caption }) => (caption !== null && 'file' in caption ? caption.file : [])),
  ]);
  const stems = new Set(drafts.map(({ picture }) => stemOf(picture.name)));
  const neglected = all.filter(
    (entry) => !read.has(entry) && !isPicture(entry) && texts.test(entry.name) && stems.has(stemOf(entry.name)),
  );
  if (neglected.length === 0) return;
  throw invalidSet(
    `Expected captions but no pair has one, although ${neglected.length} files such as ${neglected[0]!.name} look like captions: name them as the layout does, or say captions "none".`,
  );
}
