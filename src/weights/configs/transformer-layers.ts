import { z } from 'zod';
import type { MiddleConfig } from '../../graph/configs.ts';

const count = z.number().int().nonnegative().max(100);

/** How many blocks transformers have: one number for all, or one a level, or a list of a level's. */
export const layersPerTransformer = z.union([count, z.array(z.union([count, z.array(count)])).nonempty()]);

/** Of one level: the number of each of its transformers, or one for all of them. */
export type LevelLayers = number | readonly number[];

/** The blocks of each of the `transformers` of each level, none of a level whose block type has no attention. */
export function transformerLayers(
  told: readonly LevelLayers[],
  types: readonly string[],
  transformers: number,
): readonly (readonly number[])[] {
  return told.map((layers, level) => {
    if (types[level]?.startsWith('CrossAttn') !== true) return filled(transformers, 0);
    return typeof layers === 'number' ? filled(transformers, layers) : layers;
  });
}

/** The middle by diffusers' name of its kind; `last` are the layers of the last level, the middle's too. */
export function middleOf(type: 'UNetMidBlock2DCrossAttn' | 'UNetMidBlock2D' | null, last: LevelLayers): MiddleConfig {
  if (type === null) return { kind: 'none' };
  if (type === 'UNetMidBlock2D') return { kind: 'residual' };
  return { kind: 'transformer', layers: typeof last === 'number' ? last : (last[0] ?? 1) };
}

function filled(length: number, value: number): readonly number[] {
  return Array.from({ length }, () => value);
}
