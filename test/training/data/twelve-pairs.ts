import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { decodeHere } from '../../../src/images/decoder/decoder.ts';
import { defaultSetLimits } from '../../../src/training/data/contract/limits.ts';
import type { SetParts, SetRules } from '../../../src/training/data/rules.ts';

/** A pair as it is to come out of every layout. */
export interface MadePair {
  readonly stem: string;
  readonly picture: Buffer;
  readonly map: Buffer;
  readonly caption: string;
}

/** Files of a set by name, before they lie anywhere. */
export type MadeFiles = Readonly<Record<string, string | Uint8Array>>;

export const size = { width: 24, height: 16 };

export async function twelvePairs(): Promise<readonly MadePair[]> {
  return await Promise.all(Array.from({ length: 12 }, async (_, index) => await madePair(index)));
}

async function madePair(index: number): Promise<MadePair> {
  const colour = { r: 20 * index, g: 200 - 10 * index, b: 90 };
  const flat = (background: { readonly r: number; readonly g: number; readonly b: number }): Promise<Buffer> =>
    sharp({ create: { ...size, channels: 3, background } })
      .png()
      .toBuffer();
  return {
    stem: `scene ${String(index).padStart(2, '0')}`,
    picture: await flat(colour),
    map: await flat({ r: index, g: index, b: index }),
    caption: `scene number ${index}, in the style of é`,
  };
}

export async function writeFolder(root: string, files: MadeFiles): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

export const rules: SetRules = {
  maps: 'wanted',
  captions: 'found',
  onBad: 'refuse',
  trigger: null,
  resolution: size,
  tokens: null,
  limits: defaultSetLimits,
};

export const parts = (): SetParts => ({ decoder: decodeHere, signal: new AbortController().signal });

/** Our own layout. */
export function ownLayout(pairs: readonly MadePair[]): MadeFiles {
  const lines = pairs.map(({ stem, caption }) =>
    JSON.stringify({ picture: `pictures/${stem}.png`, map: `maps/${stem}.png`, caption }),
  );
  return {
    'pairs.jsonl': `${lines.join('\n')}\n`,
    ...Object.fromEntries(pairs.map(({ stem, picture }) => [`pictures/${stem}.png`, picture])),
    ...Object.fromEntries(pairs.map(({ stem, map }) => [`maps/${stem}.png`, map])),
  };
}
