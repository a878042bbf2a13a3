/**
 * Time of the conditions that need no network at 512x512 RGB, beside OpenCV's on one thread where a Python with cv2 is found.
 *
 *     npm run bench -- kernels [--python PATH] [--rounds N]
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import type { AnnotatorSource } from '../src/conditions/contract/condition.ts';
import { parseOptions } from '../src/conditions/contract/options.ts';
import { findCondition } from '../src/conditions/registry.ts';
import { decodePicture } from '../src/images/decode.ts';
import { resizePhoto } from '../src/images/resize.ts';
import type { RgbImage } from '../src/pixels/rgb-image.ts';

const { values } = parseArgs({
  options: { python: { type: 'string', default: 'python3' }, rounds: { type: 'string', default: '50' } },
});
const rounds = Number(values.rounds);
const goal = 6;
/** Milliseconds a kernel is run at least, so that the compiler has seen it. */
const warmUp = 1500;

/** By the names that time_kernels.py gives them. */
const kernels: Readonly<Record<string, readonly [condition: string, options: object]>> = {
  lineart: ['lineart', {}],
  'lineart standard': ['lineart', { method: 'standard' }],
  'scribble xdog': ['scribble', { from: 'xdog' }],
  'scribble drawing': ['scribble', { from: 'drawing' }],
  'tile factor 4': ['tile', { factor: 4 }],
  blur: ['blur', {}],
  shuffle: ['shuffle', {}],
  recolor: ['recolor', {}],
  'recolor intensity': ['recolor', { mode: 'intensity' }],
  invert: ['invert', {}],
  threshold: ['threshold', {}],
};

const noNetworks: AnnotatorSource = {
  annotator: (id) => Promise.reject(new Error(`A kernel asked for the network ${id}`)),
};

async function bestTime(image: RgbImage, condition: string, given: object): Promise<number> {
  const row = findCondition(condition);
  const extractor = await row.load!();
  const options = parseOptions(row, given);
  let best = Number.POSITIVE_INFINITY;
  const begin = performance.now();
  for (let round = 0; round < rounds || performance.now() - begin < warmUp; round++) {
    const start = performance.now();
    await extractor.extract(image, options, noNetworks);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

interface Reference {
  readonly version: string;
  readonly best: Readonly<Record<string, number>>;
}

function openCv(image: RgbImage): Reference | string {
  const numbers = [image.width, image.height, rounds].map(String);
  const { stdout, stderr, error, status } = spawnSync(values.python, ['bench/references/time_kernels.py', ...numbers], {
    input: image.data,
  });
  if (status === 0) return JSON.parse(stdout.toString()) as Reference;
  // Without a Python there is no output at all; without cv2 it ends before it reads its input.
  const complaint = (stderr as Buffer | null)?.toString().trim().split('\n').at(-1) ?? '';
  return complaint === '' ? (error?.message ?? `exit code ${status}`) : complaint;
}

const milliseconds = (value: number): string => `${value.toFixed(2)} ms`.padStart(10);

const photo = await decodePicture(readFileSync('test/photos/astronaut.png'));
const image = await resizePhoto(photo, { width: 512, height: 512 }, 'crop');
const theirs = openCv(image);
const against = typeof theirs === 'string' ? `none (${values.python}: ${theirs})` : theirs.version;
console.log(`512x512 RGB, best of ${rounds}; OpenCV on one thread: ${against}`);
for (const [name, [condition, options]] of Object.entries(kernels)) {
  const mine = await bestTime(image, condition, options);
  const line = `${name.padEnd(18)} ${milliseconds(mine)}`;
  const other = typeof theirs === 'string' ? undefined : theirs.best[name];
  if (other === undefined) {
    console.log(line);
    continue;
  }
  const ratio = mine / other;
  const verdict = ratio <= goal ? 'within' : 'ABOVE';
  console.log(`${line}   OpenCV ${milliseconds(other)}   ratio ${ratio.toFixed(2)} (${verdict} the goal of ${goal})`);
}
