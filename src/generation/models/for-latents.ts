import type { BaseModel } from './base.ts';

/** What stands in for a base model's own way from latents to pictures and back has to be made for the same latents. */
export interface ForLatents {
  readonly layout: 'diffusers' | 'single-file';
  readonly latentChannels: number;
  /** Pixels a latent cell, across and down. */
  readonly latentScale: number;
  /** Names of families and ids of base models whose latents it is for, as its maker or the user says; null where nobody does. */
  readonly fits: readonly string[] | null;
}

/** How the latents of a base model are called: by its family, and by itself. */
function namesOfLatents({ id, family }: BaseModel): readonly string[] {
  return [family.name, id];
}

/**
 * Why what is called `name` cannot stand in for the autoencoder of a base model, as a sentence; null where it can. `told` is what its files
 * say of whether it is for those latents, where they say it.
 */
export function latentMisfit(
  base: BaseModel,
  { latentChannels, latentScale, fits }: ForLatents,
  name: string,
  told: 'fits' | 'is for others' | 'unsaid',
): string | null {
  const own = base.family.latentChannels;
  if (latentChannels !== own || latentScale !== base.latentScale) {
    return `${name} is for latents of ${latentChannels} channels and cells of ${latentScale} x ${latentScale} pixels, but those of the base model ${base.id} have ${own} and ${base.latentScale} x ${base.latentScale}.`;
  }
  if (fits !== null) {
    const isFor = namesOfLatents(base).some((one) => fits.includes(one));
    return isFor
      ? null
      : `${name} is for the latents of ${fits.join(', ')}, not for those of the base model ${base.id} (${base.family.name}).`;
  }
  if (told === 'fits') return null;
  return told === 'is for others'
    ? `${name} is for other latents than those of the base model ${base.id}: their scaling factors differ.`
    : `Nobody says whose latents ${name} is for, and shapes cannot tell.`;
}

/** What to do about one that nobody says of whose latents it is for. */
export function howToTell(id: string, { family, id: base }: BaseModel): string {
  return `If it is for those of ${base}: armature models set ${id} --fits ${family.name === 'other' ? base : family.name}.`;
}
