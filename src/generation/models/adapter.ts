import type { BaseModel } from './base.ts';
import type { Feature } from './feature.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel } from './model.ts';

/** A T2I-Adapter: features of a map that are added in the levels of a UNet. */
export interface AdapterModel extends AnyFoundModel {
  readonly kind: 'adapter';
  readonly layout: 'diffusers' | 'single-file';
  /** Condition id, or null where nobody has said it yet. */
  readonly type: string | null;
  /** Sides of a picture have to be multiples of this many pixels. */
  readonly cell: number;
  /** What it makes, one a level. */
  readonly features: readonly Feature[];
  /** Base model that it came with (its folder), or null for one of its own. */
  readonly bundledWith: string | null;
}

/** Features in words: `320 of 8 px, 640 of 16 px`. */
export function describeFeatures(features: readonly Feature[]): string {
  return features.map(({ channels, pixels }) => `${channels} of ${pixels} px`).join(', ');
}

/** Why an adapter does not fit a base model, as a sentence with the facts of both; null where it fits. One for the middle may be missing. */
export function adapterMisfit(base: BaseModel, { id, features }: AdapterModel): string | null {
  const places = base.featurePlaces;
  const isSame = (feature: Feature, index: number): boolean =>
    feature.channels === places[index]?.channels && feature.pixels === places[index].pixels;
  if (features.length >= places.length - 1 && features.every(isSame)) return null;
  return (
    `The T2I-Adapter ${id} (channels of its features: ${describeFeatures(features)}) does not fit the base model ${base.id} ` +
    `(${describeFeatures(places)}).`
  );
}

export const adapterNoun = {
  noun: 'T2I-Adapter',
  list: 'adapters',
  field: 'controls[].model',
  misfit: adapterMisfit,
} as const satisfies ModelNoun<AdapterModel>;
