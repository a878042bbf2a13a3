import type { EncoderConfig, TextEncoderConfig, UNetConfig } from '../../graph/configs.ts';

/**
 * What of a network's config goes into the fingerprint of its model. Settings that came later are left out where they say what was so
 * before, so that a model keeps the fingerprint by which stored jobs know it.
 */
export function fingerprintedEncoder(config: EncoderConfig & Partial<UNetConfig>): object {
  const { transformerLayers, upTransformerLayers = [], middle, added } = config;
  const middleLayers = middle.kind === 'transformer' ? middle.layers : 0;
  const perLevel = transformerLayers.map(([layers = 0]) => layers || middleLayers);
  const same = (levels: readonly (readonly number[])[], expected: readonly number[]): boolean =>
    levels.every((layers, level) => layers.every((count) => count === 0 || count === expected[level]));
  const isPlain =
    added === null &&
    middle.kind === 'transformer' &&
    middle.layers === perLevel.at(-1) &&
    same(transformerLayers, perLevel) &&
    same(upTransformerLayers, perLevel.toReversed());
  if (!isPlain) return config;
  return without({ ...config, transformerLayers: perLevel }, ['middle', 'added', 'upTransformerLayers']);
}

export function fingerprintedText(config: TextEncoderConfig): object {
  const isPlain = config.context === 'last' && config.projectionWidth === null;
  return isPlain ? without(config, ['context', 'projectionWidth']) : config;
}

/** The other fields in their order. */
function without(config: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)));
}
