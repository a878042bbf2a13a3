import { readFileSync } from 'node:fs';
import { type ExtractorOptions, parseOptions } from '../../src/conditions/contract/options.ts';
import { conditionIds, findCondition } from '../../src/conditions/registry.ts';
import { ArmatureError } from '../../src/errors.ts';
import { ExtractorProcess, type ExtractorSettings } from '../../src/extractor/extractor-process.ts';
import { decodeMasked, decodePicture } from '../../src/images/decode.ts';
import { smallNetworks } from './small-networks.ts';
import type { MutatedPicture } from './mutated-pictures.ts';
import type { MaskedImage, RgbImage } from '../../src/pixels/rgb-image.ts';

/** A condition with the options that it is tried with. */
export interface Trial {
  readonly condition: string;
  readonly options: ExtractorOptions;
}

/** Options that take other ways through an extractor than the defaults; those with small networks need their folder. */
const variants: Readonly<Record<string, readonly object[]>> = {
  canny: [{}, { l2_gradient: true }],
  softedge: [{}, { safe: true }],
  scribble: [{}, { from: 'xdog' }, { from: 'drawing' }],
  lineart: [{}, { method: 'standard' }, { network: smallNetworks.lineart }, { network: smallNetworks.anime }],
  depth: [{}, { network: smallNetworks.depth }],
  normal: [{}, { network: smallNetworks.normal }],
  openpose: [
    { hands: true, face: true },
    { network: smallNetworks.dwpose, hands: true, face: true },
  ],
  seg: [
    {},
    { from: 'labels' },
    { network: smallNetworks.segformer },
    { network: smallNetworks.oneformer },
    { network: smallNetworks.maskformer },
  ],
  mask: [{}, { of: 'person', grow: 3 }],
  tile: [{}, { factor: 8 }],
  threshold: [{}, { level: 100, inverted: true }],
  shuffle: [{}, { scale: 16 }],
};

/** Every condition that has an extractor, with each of its ways. */
export const trials: readonly Trial[] = conditionIds.flatMap((id) => {
  const condition = findCondition(id);
  if (condition.load === undefined) return [];
  return (variants[id] ?? [{}]).map((given) => ({ condition: id, options: parseOptions(condition, given) }));
});

/** Those that ask for a network, found by asking without any. */
export async function needNetworks(settings: ExtractorSettings): Promise<ReadonlySet<Trial>> {
  const bare = new ExtractorProcess({ ...settings, annotators: '', pulled: [] });
  const image = { width: 64, height: 64, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) % 251) };
  const needing = new Set<Trial>();
  for (const trial of trials) {
    const outcome = await bare.extract(trial.condition, image, trial.options).catch((error: unknown) => error);
    if (outcome instanceof ArmatureError && outcome.code === 'model_missing') needing.add(trial);
  }
  await bare.close();
  return needing;
}

/** What came of mutated pictures: how many were refused as pictures, and per condition maps and refusals. */
export interface FuzzCount {
  pictures: number;
  undecodable: number;
  maps: number;
  refused: number;
}

/**
 * Decodes a file, laid over white and with what is transparent as a mask; null where it is refused as it should be. Whatever
 * else is thrown is a finding.
 */
export async function decodeMutant({ name, bytes }: MutatedPicture): Promise<MaskedImage | null> {
  const limits = { maxBytes: 2 ** 20, maxPixels: 2 ** 20 };
  try {
    const [photo, { masked }] = await Promise.all([decodePicture(bytes, limits), decodeMasked(bytes, limits)]);
    return { ...photo, masked };
  } catch (error) {
    if (error instanceof ArmatureError) return null;
    throw new Error(`${name}: decoding`, { cause: error });
  }
}

/** Extracts a map; a map of another size, or an error that is not for users, is a finding. */
export async function tryExtraction(
  extractor: ExtractorProcess,
  { condition, options }: Trial,
  image: MaskedImage,
  name: string,
): Promise<'map' | 'refused'> {
  const result = await extractor.extract(condition, image, options).catch((error: unknown) => error);
  if (result instanceof ArmatureError && result.code !== 'internal' && result.code !== 'extractor_lost') {
    return 'refused';
  }
  if (result instanceof Error || typeof result !== 'object' || result === null || !('map' in result)) {
    throw new Error(`${name}: ${condition} ${JSON.stringify(options)}`, { cause: result });
  }
  const { map } = result as { readonly map: RgbImage };
  const sizes = [map.width, map.height, map.data.length].join();
  if (sizes === [image.width, image.height, image.data.length].join()) return 'map';
  throw new Error(`${name}: ${condition} gave a map of ${sizes} for ${image.width}x${image.height}`);
}

/** Bytes of memory that a process holds; null where the system does not tell. */
export function residentBytes(pid: number): number | null {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
