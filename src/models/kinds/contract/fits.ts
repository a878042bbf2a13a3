import { z } from 'zod';
import type { ForLatents } from '../../../generation/models/for-latents.ts';
import type { Fields, Given } from './kind.ts';

/** Field of armature.json and of an installation: for the latents of which families and base models something is. */
export const fitsFields = {
  fits: z.array(z.string().min(1).max(200)).min(1).max(100).optional(),
};

/** What armature.json says of it; null where it does not. */
export function saidFits({ manifest }: Given): readonly string[] | null {
  return (manifest['fits'] as readonly string[] | undefined) ?? null;
}

/** The same with what an installation says of it, which goes before. */
export function putFits<Model extends ForLatents>(model: Model, told: Fields): Model {
  const fits = told['fits'] as readonly string[] | undefined;
  return fits === undefined ? model : { ...model, fits };
}

/** In words; `else` is said where nobody says it. */
export function fitsText({ fits }: ForLatents, otherwise: string): string {
  return fits === null ? otherwise : fits.join(', ');
}
