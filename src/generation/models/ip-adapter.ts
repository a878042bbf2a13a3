import type { BaseModel } from './base.ts';
import { findModel } from './find-model.ts';
import { type ImageEncoderModel, imageEncoderName } from './image-encoder.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** An IP-Adapter: what has a UNet attend to a picture beside the text. */
export interface IpAdapterModel extends AnyFoundModel {
  readonly kind: 'ip-adapter';
  readonly method: 'basic' | 'plus';
  /** Of what it takes of an image encoder: the projection, or, of Plus, the states. */
  readonly pictureWidth: number;
  /** How many tokens it makes of a picture. */
  readonly tokens: number;
  readonly contextWidth: number;
  /** Of the attentions on the text, in the order of its file. */
  readonly widths: readonly number[];
}

/** The IP-Adapters that are there, and what cannot be used. */
interface IpAdapters {
  readonly ipAdapters: readonly IpAdapterModel[];
  readonly rejected: readonly RejectedModel[];
}

/** As `findBase`, for an IP-Adapter. */
export function findIpAdapter({ ipAdapters, rejected }: IpAdapters, id: string, field: string): IpAdapterModel {
  return findModel(ipAdapters, rejected, id, field, ipAdapterNoun.noun);
}

/** Widths of attentions in words: `2 of 320, 2 of 640`. */
export function describeAttentions(widths: readonly number[]): string {
  const runs: { width: number; count: number }[] = [];
  for (const width of widths) {
    const last = runs.at(-1);
    if (last?.width === width) last.count++;
    else runs.push({ width, count: 1 });
  }
  return runs.map(({ width, count }) => `${count} of ${width}`).join(', ');
}

/** Why an IP-Adapter does not fit a base model, as a sentence with the facts of both; null where it fits. */
export function ipAdapterMisfit(base: BaseModel, { id, contextWidth, widths }: IpAdapterModel): string | null {
  const own = base.crossAttentions;
  if (contextWidth === base.family.contextWidth && widths.join() === own.join()) return null;
  return (
    `The IP-Adapter ${id} (context width ${contextWidth}, attentions on the text: ${describeAttentions(widths)}) does not fit the base model ${base.id} ` +
    `(context width ${base.family.contextWidth}, ${describeAttentions(own)}).`
  );
}

/** Whether an image encoder gives what an IP-Adapter takes: its projection for the basic one, its states for Plus. */
export function seesWith({ method, pictureWidth }: IpAdapterModel, encoder: ImageEncoderModel): boolean {
  return pictureWidth === (method === 'plus' ? encoder.hiddenWidth : encoder.projectionWidth);
}

/** The image encoder that an IP-Adapter needs, in words with its dimensions. */
export function neededEncoder({ method, pictureWidth }: IpAdapterModel): string {
  const [what, name] =
    method === 'plus'
      ? ['states', imageEncoderName({ hiddenWidth: pictureWidth })]
      : ['projection', imageEncoderName({ projectionWidth: pictureWidth })];
  return `an image encoder whose ${what} ${what === 'states' ? 'are' : 'is'} ${pictureWidth} wide${name === null ? '' : ` (${name})`}`;
}

export const ipAdapterNoun = {
  noun: 'IP-Adapter',
  list: 'ipAdapters',
  field: 'controls[].model',
  misfit: ipAdapterMisfit,
} as const satisfies ModelNoun<IpAdapterModel>;
