import { posix } from 'node:path';
import { show } from '../../../text/show.ts';
import type { SetEntry } from '../contract/entry.ts';
import type { BadFile, Layout, PairDraft, SetFiles } from '../contract/layout.ts';
import { isPicture } from './file-names.ts';

/** What a picture is by the word between its key and its ending. */
const mapRoles: ReadonlySet<string> = new Set([
  'input',
  'map',
  'condition',
  'conditioning',
  'conditioning_image',
  'control',
  'hint',
  'source',
]);
const pictureRoles: ReadonlySet<string> = new Set(['', 'output', 'image', 'picture', 'target']);
const captionEndings = ['txt', 'caption', 'json'];

/** WebDataset: what has one name up to its first dot is one sample, `k.jpg k.txt`, `k.jpg k.json`, `k.input.png k.output.jpg k.txt`. */
export const webDataset: Layout = {
  id: 'webdataset',
  looks: 'samples by name, k.jpg with k.json, or k.input.png and k.output.jpg with k.txt',
  fits: (files) => {
    const samples = [...samplesOf(files).values()];
    const pictures = samples.filter((sample) => sample.some(isPicture));
    // Pictures whose names have dots for reasons of their own are no samples, whatever lies beside them.
    const known = pictures.filter((sample) => sample.some((entry) => roleOf(entry) === 'picture'));
    const withJson = known.filter((sample) => sample.some(({ name }) => /\.json$/i.test(name)));
    return (
      withJson.length * 2 > pictures.length || known.some((sample) => sample.some((entry) => roleOf(entry) === 'map'))
    );
  },
  read: async (files) => {
    const pairs: PairDraft[] = [];
    const bad: BadFile[] = [];
    const surplusMaps: SetEntry[] = [];
    for (const [key, sample] of samplesOf(files)) {
      const [picture, second] = sample.filter((entry) => roleOf(entry) === 'picture');
      const [map = null, other] = sample.filter((entry) => roleOf(entry) === 'map');
      if (picture === undefined) {
        if (map !== null) surplusMaps.push(map);
        const other = sample.find((entry) => isPicture(entry) && roleOf(entry) === null);
        if (other !== undefined) bad.push({ name: other.name, reason: reasonOf(other) });
        continue;
      }
      const twice = second ?? other;
      if (twice !== undefined) {
        bad.push({ name: key, reason: `Expected one picture and one map of a sample but it has ${twice.name} too.` });
        continue;
      }
      const file = captionEndings.flatMap((ending) => sample.find(({ name }) => name === `${key}.${ending}`) ?? [])[0];
      pairs.push({ place: picture.name, picture, map, caption: file === undefined ? null : { file }, repeats: 1 });
    }
    return { pairs, bad, lists: [], surplusMaps, settings: {} };
  },
};

/** Files by their path up to the first dot of the name. */
function samplesOf({ all }: SetFiles): ReadonlyMap<string, readonly SetEntry[]> {
  const samples = new Map<string, SetEntry[]>();
  for (const entry of all) {
    const file = posix.basename(entry.name);
    const dot = file.indexOf('.');
    const key = dot === -1 ? entry.name : entry.name.slice(0, entry.name.length - file.length + dot);
    const sample = samples.get(key);
    if (sample === undefined) samples.set(key, [entry]);
    else sample.push(entry);
  }
  return samples;
}

/** A picture whose name has a dot is none of what is known of a sample. */
function reasonOf({ name }: SetEntry): string {
  const [ending = '', ...words] = posix.basename(name).split('.').slice(1).toReversed();
  const key = posix.basename(name).split('.')[0]!;
  return `Expected ${key}.${ending} or ${key}.output.${ending} for the picture of a sample, without ${show(words.toReversed().join('.'))} in the name.`;
}

function roleOf(entry: SetEntry): 'picture' | 'map' | null {
  if (!isPicture(entry)) return null;
  const role = posix.basename(entry.name).split('.').slice(1, -1).join('.').toLowerCase();
  if (mapRoles.has(role)) return 'map';
  return pictureRoles.has(role) ? 'picture' : null;
}
