/**
 * Mutated pictures through every condition, networks included (of pulled ones small random stand-ins of the same
 * architectures): a map or a clear error, never a crash, memory flat.
 *
 *     npm run bench -- fuzz-conditions [--pictures 500] [--seed 1] [--only TYPE]
 *
 * Memory is that of the extractor process, after each tenth of the pictures.
 */
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { embeddedAnnotators } from '../src/config/package-files.ts';
import { ExtractorProcess } from '../src/extractor/extractor-process.ts';
import { decodeMutant, residentBytes, trials, tryExtraction } from '../test/support/fuzz-conditions.ts';
import { layOutSmallNetworks } from '../test/support/small-networks.ts';
import { mutatedPictures } from '../test/support/mutated-pictures.ts';

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const count = Number(values.pictures);
const chosen = trials.filter(({ condition }) => values.only === undefined || condition === values.only);
// The built child: the benches' own build has no file of its own for it.
const entry = new URL('../../../dist/extractor/main.js', import.meta.url);
const pulled = await layOutSmallNetworks();
const extractor = new ExtractorProcess({ entry, annotators: embeddedAnnotators, pulled: [pulled] });

const maps = new Map(chosen.map((trial) => [trial, 0]));
const refused = new Map(chosen.map((trial) => [trial, 0]));
const crashed = new Set<number | undefined>();
let [pictures, undecodable, findings] = [0, 0, 0];
for await (const mutant of mutatedPictures(Number(values.seed), count)) {
  const image = await decodeMutant(mutant);
  if (image === null) undecodable++;
  for (const trial of image === null ? [] : chosen) {
    try {
      const tally = (await tryExtraction(extractor, trial, image!, mutant.name)) === 'map' ? maps : refused;
      tally.set(trial, tally.get(trial)! + 1);
    } catch (error) {
      findings++;
      console.log(error);
    }
    crashed.add(extractor.pid);
  }
  pictures++;
  if (pictures % Math.ceil(count / 10) === 0) {
    const bytes = extractor.pid === undefined ? null : residentBytes(extractor.pid);
    const memory = bytes === null ? 'not known' : `${Math.round(bytes / 2 ** 20)} MB`;
    console.log(`${pictures} pictures, ${undecodable} refused as such, memory ${memory}`);
  }
}
await extractor.close();
await rm(pulled, { recursive: true });

for (const trial of chosen) {
  const options = JSON.stringify(trial.options);
  console.log(`${trial.condition.padEnd(10)} ${maps.get(trial)} maps, ${refused.get(trial)} refused  ${options}`);
}
const processes = [...crashed].filter((pid) => pid !== undefined).length;
console.log(`${findings} findings, ${processes} extractor process${processes === 1 ? '' : 'es: it crashed'}`);
if (findings > 0 || processes > 1) process.exitCode = 1;
