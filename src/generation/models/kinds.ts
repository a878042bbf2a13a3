import { type AdapterModel, adapterNoun } from './adapter.ts';
import { type BaseModel, baseNoun } from './base.ts';
import { type ControlNetModel, controlNetNoun } from './controlnet.ts';
import { type EmbeddingModel, embeddingNoun } from './embedding.ts';
import { type ImageEncoderModel, imageEncoderNoun } from './image-encoder.ts';
import { type IpAdapterModel, ipAdapterNoun } from './ip-adapter.ts';
import { type LoraModel, loraNoun } from './lora.ts';
import { type TaesdModel, taesdNoun } from './taesd.ts';
import { type VaeModel, vaeNoun } from './vae.ts';
import { type UpscalerModel, upscalerNoun } from './upscaler.ts';
import type { ModelNoun } from './model-noun.ts';

/** What is known of a model of each kind that is found in the folders of models. */
export interface ModelTypes {
  readonly base: BaseModel;
  readonly controlnet: ControlNetModel;
  readonly lora: LoraModel;
  readonly adapter: AdapterModel;
  readonly 'ip-adapter': IpAdapterModel;
  readonly 'image-encoder': ImageEncoderModel;
  readonly embedding: EmbeddingModel;
  readonly vae: VaeModel;
  readonly taesd: TaesdModel;
  readonly upscaler: UpscalerModel;
}

export type ModelKindId = keyof ModelTypes;
export type AnyModel = ModelTypes[ModelKindId];

/** What requests and messages call each, in the order in which they are listed. How they are found and shown: `models/kinds`. */
export const modelNouns = {
  base: baseNoun,
  controlnet: controlNetNoun,
  lora: loraNoun,
  adapter: adapterNoun,
  'ip-adapter': ipAdapterNoun,
  'image-encoder': imageEncoderNoun,
  embedding: embeddingNoun,
  vae: vaeNoun,
  taesd: taesdNoun,
  upscaler: upscalerNoun,
} as const satisfies { readonly [Kind in ModelKindId]: ModelNoun<ModelTypes[Kind]> };

export const modelKindIds = Object.keys(modelNouns) as readonly ModelKindId[];
