import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/conditions/contract/condition.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { BundledAnnotators } from '../../../src/extractor/bundled-annotators.ts';
import { flatPicture } from '../../support/annotators.ts';
import { layOutSmallNetworks, smallNetworks } from '../../support/small-networks.ts';

const place = await layOutSmallNetworks();
const networks = new BundledAnnotators('', [place]);
afterAll(async () => await rm(place, { recursive: true }));

const ways: readonly (readonly [type: keyof typeof conditions, network: string])[] = [
  ['depth', smallNetworks.depth],
  ['normal', smallNetworks.normal],
  ['lineart', smallNetworks.lineart],
  ['lineart', smallNetworks.anime],
  ['seg', smallNetworks.segformer],
  ['seg', smallNetworks.oneformer],
  ['seg', smallNetworks.maskformer],
  ['openpose', smallNetworks.dwpose],
];

const sizes = [
  [1, 1],
  [2, 3],
  [1, 4000],
  [4000, 1],
  [97, 61],
] as const;

describe.each(ways)('%s by %s', (type, network) => {
  const row: Condition = conditions[type];
  const options = parseOptions(row, { network });

  test.each(sizes)('gives a map of the picture’s size at %i x %i', async (width, height) => {
    const extractor = await row.load!();
    const image = flatPicture(width, height, 0);
    image.data.forEach((_, i) => (image.data[i] = (i * 37 + Math.floor(i / 91) * 53) % 256));
    const before = image.data.slice();
    const { map, warnings } = await extractor.extract(image, options, networks);
    expect([map.width, map.height, map.data.length]).toEqual([width, height, width * height * 3]);
    for (const warning of warnings) expect(warning).toMatch(new RegExp(`^${type}: .*\\.$`));
    expect(Buffer.compare(image.data, before)).toBe(0);
  });
});
