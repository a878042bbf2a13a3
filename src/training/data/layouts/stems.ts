import type { Layout } from '../contract/layout.ts';
import { pairBeside } from './beside.ts';
import { isPicture, stemOf } from './file-names.ts';

const mapMark = /-condlabel$/i;
const maskMark = /-masklabel$/i;

/** Pictures anywhere, each with its caption in a file of its stem. OneTrainer marks a map by its name, `a-condlabel.png` for `a.png`. */
export const stems: Layout = {
  id: 'pictures',
  looks: 'pictures, each with a caption in a .txt or .caption of the same name',
  fits: ({ all }) => all.some(isPicture),
  read: async (files) => {
    const pictures = files.all.filter(isPicture);
    const marked = new Map(
      pictures
        .filter(({ name }) => mapMark.test(stemOf(name)))
        .map((map) => [stemOf(map.name).replace(mapMark, ''), map]),
    );
    const shown = pictures.filter(({ name }) => !mapMark.test(stemOf(name)) && !maskMark.test(stemOf(name)));
    const pairs = shown.map((picture) => pairBeside(files, picture, { map: marked.get(stemOf(picture.name)) ?? null }));
    const used = new Set(pairs.map(({ map }) => map));
    const surplusMaps = [...marked.values()].filter((map) => !used.has(map));
    return { pairs, bad: [], lists: [], surplusMaps, settings: {} };
  },
};
