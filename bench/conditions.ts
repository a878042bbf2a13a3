/**
 * Time of every condition's extractor for a 512x512 photograph.
 *
 *     npm run bench -- conditions [--rounds N] [--photo PATH] [--only TYPE]
 *
 * `first` loads the extractor and its network; `best` and `median` are of the rounds after it; `cores` is CPU time by wall time.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import type { Condition } from '../src/conditions/contract/condition.ts';
import { parseOptions } from '../src/conditions/contract/options.ts';
import { conditions } from '../src/conditions/registry.ts';
import { BundledAnnotators } from '../src/extractor/bundled-annotators.ts';
import { decodePicture } from '../src/images/decode.ts';
import { resizePhoto } from '../src/images/resize.ts';
import type { RgbImage } from '../src/pixels/rgb-image.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    photo: { type: 'string', default: 'test/photos/astronaut.png' },
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

/** Options beside the defaults that take another way through an extractor. */
const variants: Readonly<Record<string, readonly object[]>> = {
  scribble: [{}, { from: 'xdog' }, { from: 'drawing' }],
  lineart: [{}, { method: 'standard' }],
  openpose: [{}, { hands: true, face: true }],
  tile: [{ factor: 4 }],
  recolor: [{}, { mode: 'intensity' }],
  mask: [{}, { of: 'person' }],
};

interface Timing {
  readonly first: number;
  readonly best: number;
  readonly median: number;
  readonly cores: number;
  readonly blank: boolean;
}

async function time(row: Condition, given: object, image: RgbImage): Promise<Timing> {
  const networks = new BundledAnnotators('models/annotators');
  const options = parseOptions(row, given);
  const start = performance.now();
  const extractor = await row.load!();
  const { blank } = await extractor.extract(image, options, networks);
  const first = performance.now() - start;
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await extractor.extract(image, options, networks);
    times.push(performance.now() - begin);
  }
  const used = process.cpuUsage(before);
  const total = times.reduce((sum, value) => sum + value, 0);
  const sorted = times.toSorted((a, b) => a - b);
  const [best, median] = [sorted[0]!, sorted[rounds >> 1]!];
  return { first, best, median, cores: (used.user + used.system) / 1000 / total, blank: blank !== undefined };
}

const photo = await resizePhoto(await decodePicture(readFileSync(values.photo)), { width: 512, height: 512 }, 'crop');
console.log(`${values.photo} at 512x512, ${rounds} rounds, ${cpus().length} cores, Node ${process.version}`);
console.log(
  `${'condition'.padEnd(32)}${'first'.padStart(10)}${'best'.padStart(10)}${'median'.padStart(10)}${'cores'.padStart(8)}`,
);
for (const row of Object.values<Condition>(conditions)) {
  if (row.load === undefined || (values.only !== undefined && values.only !== row.id)) continue;
  for (const given of variants[row.id] ?? [{}]) {
    const { first, best, median, cores, blank } = await time(row, given, photo);
    const name = [row.id, ...Object.entries(given).map(([option, value]) => (value === true ? option : value))].join(
      ' ',
    );
    const figures = [first, best, median].map((value) => `${value.toFixed(1)} ms`.padStart(10)).join('');
    console.log(`${name.padEnd(32)}${figures}${cores.toFixed(1).padStart(8)}${blank ? '  (blank map)' : ''}`);
  }
}
