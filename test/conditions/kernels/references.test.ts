import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { findCondition } from '../../../src/conditions/registry.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { noNetworks } from './no-networks.ts';

interface Reference {
  readonly file: string;
  readonly condition: string;
  readonly options: Readonly<Record<string, unknown>>;
}

const read = (file: string): Buffer => readFileSync(new URL(file, import.meta.url));
const references = JSON.parse(read('references.json').toString()) as readonly Reference[];

/**
 * Largest difference in levels of 0..255, and the share of values that may differ at all. Blur, thresholds and brightness
 * are whole numbers in OpenCV too, so they are exact. Elsewhere it computes with float32 and we with
 * float64: what lies near the border
 * between two levels may fall on the other side. Its cubic enlargement has weights of float32 for some sizes and of 11
 * fractional bits for others (here a picture of 2x1 pixels: 6 % of the values differ, at the other sizes none).
 */
const tolerances: Readonly<Record<string, { readonly levels: number; readonly share: number }>> = {
  blur: { levels: 0, share: 0 },
  threshold: { levels: 0, share: 0 },
  recolor: { levels: 0, share: 0 },
  tile: { levels: 1, share: 0.07 },
  shuffle: { levels: 1, share: 0.002 },
  lineart: { levels: 1, share: 0.0005 },
};

describe('kernels against OpenCV and the rules of ControlNet (made by make-references.py)', async () => {
  const input = await decodePicture(read('input.png'));

  it.each(references.map((reference) => [reference.file, reference] as const))(
    '%s',
    async (file, { condition, options }) => {
      const row = findCondition(condition);
      const extractor = await row.load!();
      const { map } = await extractor.extract(input, parseOptions(row, options), noNetworks);
      const expected = await decodePicture(read(file));
      expect([map.width, map.height]).toEqual([expected.width, expected.height]);
      const differences = map.data.map((value, i) => Math.abs(value - expected.data[i]!)).filter((level) => level > 0);
      const { levels, share } = tolerances[condition]!;
      expect(Math.max(0, ...differences)).toBeLessThanOrEqual(levels);
      expect(differences.length / map.data.length).toBeLessThanOrEqual(share);
    },
  );
});
