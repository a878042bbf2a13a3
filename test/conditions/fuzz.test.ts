import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedAnnotators } from '../../src/config/package-files.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import {
  decodeMutant,
  type FuzzCount,
  needNetworks,
  residentBytes,
  type Trial,
  trials,
  tryExtraction,
} from '../support/fuzz-conditions.ts';
import { layOutSmallNetworks } from '../support/small-networks.ts';
import { mutatedPictures } from '../support/mutated-pictures.ts';

/** The built child: what a user runs. bench/fuzz-conditions.ts sends 500 pictures through the networks too. */
const pulled = await layOutSmallNetworks();
const settings = {
  entry: new URL('../../dist/extractor/main.js', import.meta.url),
  annotators: embeddedAnnotators,
  pulled: [pulled],
};
const extractor = new ExtractorProcess(settings);
let networks: ReadonlySet<Trial>;
beforeAll(async () => {
  networks = await needNetworks(settings);
});
afterAll(async () => {
  await extractor.close();
  await rm(pulled, { recursive: true });
});

/** Sends `count` mutated pictures through each trial in one and the same child. */
async function fuzz(
  chosen: readonly Trial[],
  seed: number,
  count: number,
  onPicture: (done: number) => void = () => {},
): Promise<FuzzCount> {
  const counted: FuzzCount = { pictures: 0, undecodable: 0, maps: 0, refused: 0 };
  for await (const mutant of mutatedPictures(seed, count)) {
    const image = await decodeMutant(mutant);
    if (image === null) counted.undecodable++;
    else {
      for (const trial of chosen) {
        const outcome = await tryExtraction(extractor, trial, image, mutant.name);
        if (outcome === 'map') counted.maps++;
        else counted.refused++;
      }
    }
    onPicture(++counted.pictures);
  }
  return counted;
}

describe('mutated pictures', () => {
  it('through every kernel: a map or a clear error, no crash, memory flat', async () => {
    const kernels = trials.filter((trial) => !networks.has(trial));
    expect(kernels.length).toBeGreaterThan(10);
    const memory: number[] = [];
    let pid: number | undefined;
    const counted = await fuzz(kernels, 1, 500, (done) => {
      pid ??= extractor.pid;
      if (done === 250 || done === 500) memory.push(residentBytes(extractor.pid!) ?? 0);
    });
    console.log(
      'kernels:',
      counted,
      'MB after 250 and 500:',
      memory.map((bytes) => Math.round(bytes / 2 ** 20)),
    );
    expect(counted.maps).toBeGreaterThan(100 * kernels.length);
    expect(counted.undecodable).toBeGreaterThan(100);
    expect(extractor.pid).toBe(pid);
    const [half = 0, end = 0] = memory;
    expect(end - half).toBeLessThan(64 * 2 ** 20);
  }, 240_000);

  it('through every network: a map or a clear error, no crash', async () => {
    expect(networks.size).toBeGreaterThan(14);
    const { pid } = extractor;
    const counted = await fuzz([...networks], 2, 10);
    console.log('networks:', counted);
    expect(counted.maps).toBeGreaterThan(networks.size);
    expect(extractor.pid).toBe(pid);
  }, 240_000);
});
