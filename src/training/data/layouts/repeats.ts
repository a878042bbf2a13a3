import type { SetEntry } from '../contract/entry.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { Layout, PairDraft } from '../contract/layout.ts';
import { captionBeside, pairBeside } from './beside.ts';
import { isPicture } from './file-names.ts';
import { repeatsOf } from './set-files.ts';

/**
 * kohya's folders: `30_cat` holds pictures that come thirty times an epoch and are called cat where no file beside them says more. Folders
 * without such a number, and those of 0, are left alone.
 */
export const repeats: Layout = {
  id: 'repeats',
  looks: 'folders such as 30_cat of pictures with captions',
  fits: ({ all }) => all.some((entry) => isPicture(entry) && folderWithRepeats(entry) !== null),
  read: async (files) => {
    const pairs: PairDraft[] = [];
    for (const picture of files.all.filter(isPicture)) {
      const folder = folderWithRepeats(picture);
      if (folder === null || folder.repeats < 1) continue;
      if (/^reg/i.test(picture.name)) {
        throw invalidSet(
          `Expected pictures to learn from but ${picture.name} is one for regularization: leave that folder out.`,
        );
      }
      const caption = captionBeside(files, picture) ?? { text: folder.words };
      pairs.push(pairBeside(files, picture, { caption, repeats: folder.repeats }));
    }
    return { pairs, bad: [], lists: [], surplusMaps: [], settings: {} };
  },
};

/** By the outermost folder, or one below it, as trainers with a window keep them in `img`. */
function folderWithRepeats({ name }: SetEntry): ReturnType<typeof repeatsOf> {
  const folders = name.split('/').slice(0, -1);
  return (
    folders
      .slice(0, 2)
      .map(repeatsOf)
      .find((found) => found !== null) ?? null
  );
}
