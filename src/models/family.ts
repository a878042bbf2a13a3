import type { BaseModel, ControlNetModel, Family } from './model.ts';

/**
 * Why a ControlNet does not fit a base model, as a sentence, or null where it does. Judged by what tensor shapes say,
 * never by names: the sum of residuals needs the same channels at every injection point, and both networks read the same
 * text embedding.
 */
export function misfit(base: BaseModel, controlNet: ControlNetModel): string | null {
  const differences = familyDifferences(base.family, controlNet.family);
  if (differences.length === 0) return null;
  return (
    `ControlNet "${controlNet.id}" (${familyTitle(controlNet.family)}) does not fit base model "${base.id}" ` +
    `(${familyTitle(base.family)}): ${differences.join('; ')}.`
  );
}

/** Each field in which two families differ, the ControlNet's value first: `text width 768 against 1024`. */
function familyDifferences(base: Family, controlNet: Family): readonly string[] {
  const rows: readonly (readonly [string, string | number, string | number])[] = [
    ['family', controlNet.name, base.name],
    ['text width', controlNet.contextWidth, base.contextWidth],
    ['latent channels', controlNet.latentChannels, base.latentChannels],
    ['channels per level', controlNet.blockChannels.join('/'), base.blockChannels.join('/')],
    ['layers per level', controlNet.layersPerBlock, base.layersPerBlock],
  ];
  return rows
    .filter(([, own, theirs]) => own !== theirs)
    .map(([what, own, theirs]) => `${what} ${own} against ${theirs}`);
}

const titles = {
  sd1: 'Stable Diffusion 1.x',
  sd2: 'Stable Diffusion 2.x',
  sdxl: 'Stable Diffusion XL',
  other: 'a family without a public name',
} as const satisfies Record<Family['name'], string>;

export function familyTitle(family: Family): string {
  return titles[family.name];
}
