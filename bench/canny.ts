/**
 * Time of our Canny at 512x512 RGB, beside OpenCV's on one thread where a Python with cv2 is found.
 *
 *     npm run bench -- canny [--python PATH] [--rounds N]
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { cannyEdges } from '../src/conditions/canny/edges.ts';
import type { RgbImage } from '../src/pixels/rgb-image.ts';
import { decodePicture } from '../src/images/decode.ts';
import { resizePhoto } from '../src/images/resize.ts';

const { values } = parseArgs({
  options: { python: { type: 'string', default: 'python3' }, rounds: { type: 'string', default: '200' } },
});
const rounds = Number(values.rounds);
const [low, high] = [100, 200];
const goal = 6;

interface Timing {
  readonly best: number;
  readonly median: number;
  readonly sha256: string;
}

function ours(image: RgbImage): Timing {
  const limits = { low, high, l2: false };
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    cannyEdges(image, limits);
    times.push(performance.now() - start);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const sha256 = createHash('sha256').update(cannyEdges(image, limits)).digest('hex');
  return { best: sorted[0]!, median: sorted[rounds >> 1]!, sha256 };
}

function openCv(image: RgbImage): (Timing & { readonly version: string }) | string {
  const script = 'bench/references/time_canny.py';
  const numbers = [image.width, image.height, low, high, rounds].map(String);
  const { stdout, stderr, error, status } = spawnSync(values.python, [script, ...numbers], { input: image.data });
  if (status !== 0) {
    // Without a Python there is no output at all; without cv2 it ends before it reads its input.
    const complaint = (stderr as Buffer | null)?.toString().trim().split('\n').at(-1) ?? '';
    return complaint === '' ? (error?.message ?? `exit code ${status}`) : complaint;
  }
  return JSON.parse(stdout.toString()) as Timing & { version: string };
}

const milliseconds = (value: number): string => `${value.toFixed(2)} ms`;

for (const name of ['astronaut', 'china', 'coffee', 'rocket']) {
  const photo = await decodePicture(readFileSync(`test/photos/${name}.png`));
  const image = await resizePhoto(photo, { width: 512, height: 512 }, 'crop');
  const mine = ours(image);
  const theirs = openCv(image);
  const line = `canny ${name} 512x512: best ${milliseconds(mine.best)}, median ${milliseconds(mine.median)}`;
  if (typeof theirs === 'string') {
    console.log(`${line}; no OpenCV to compare with (${values.python}: ${theirs})`);
    continue;
  }
  // The best times: other work on the machine disturbs them least.
  const ratio = mine.best / theirs.best;
  const verdict = ratio <= goal ? 'within' : 'ABOVE';
  console.log(
    `${line}; OpenCV ${theirs.version} on one thread: best ${milliseconds(theirs.best)}, median ${milliseconds(theirs.median)}; ` +
      `ratio ${ratio.toFixed(2)} (${verdict} the goal of ${goal}); ` +
      (mine.sha256 === theirs.sha256 ? 'edges are equal' : 'EDGES DIFFER'),
  );
}
