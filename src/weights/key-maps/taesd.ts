import type { RenameRule } from './rename.ts';

/**
 * Names of the original code to those of diffusers. There each half is a list of layers in a file of its own; the decoder's begins with
 * what bounds the latents, which diffusers does not count.
 */
export const taesdRules = {
  decoder: [[/^(\d+)\.(.+)$/, (layer, rest) => `decoder.layers.${Number(layer) - 1}.${rest}`]],
  encoder: [[/^(\d+)\.(.+)$/, 'encoder.layers.$1.$2']],
} as const satisfies Readonly<Record<string, readonly RenameRule[]>>;
