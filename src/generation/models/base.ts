import type { DenoiserTask } from '../../graph/task.ts';
import type { Distilled } from '../../schedulers/distillations.ts';
import type { ModelSchedule } from '../../schedulers/scheduler-config.ts';
import type { Prediction } from '../../schedulers/prediction-type.ts';
import type { Feature } from './feature.ts';
import { findModel } from './find-model.ts';
import type { FoundModel, RejectedModel } from './model.ts';

export interface BaseModel extends FoundModel {
  readonly kind: 'base';
  /** Layers of the text encoder: how many clip skip can leave out is one less. */
  readonly textLayers: number;
  /** What it is told beside a prompt; null in Stable Diffusion 1.x and 2.x. */
  readonly added: AddedConditioning | null;
  /** What its denoiser was trained for. */
  readonly task: DenoiserTask;
  readonly prediction: Prediction;
  /** Its denoiser takes the guidance scale as an input: it is asked once, and nothing about a negative prompt. Absent of others. */
  readonly embedsGuidance?: true;
  /** How it was made to draw in few steps; null where nobody says so. */
  readonly distilled: Distilled | null;
  /** How it is sampled, from its scheduler config. */
  readonly schedule: ModelSchedule;
  /** Pixels a latent cell, across and down: 8 in Stable Diffusion. */
  readonly latentScale: number;
  /** Latents of the denoiser are its autoencoder's times this. */
  readonly scalingFactor: number;
  /** Where features of T2I-Adapters enter its UNet: one a level, then the middle. */
  readonly featurePlaces: readonly Feature[];
  /** Widths of the UNet's attentions on the text, in the order in which IP-Adapters number them. */
  readonly crossAttentions: readonly number[];
  /** What a step costs that goes on with kept features, as a share of a whole one, by how deep it goes: by each skip connection of its UNet. */
  readonly deepShares: readonly number[];
  /** False where its autoencoder has no encoder, so that no picture can be drawn over. */
  readonly drawsOver?: false;
  /** Id of the autoencoder that it is drawn with where a request names none, as its maker or the user says; null: its own. */
  readonly vae: string | null;
  readonly defaults: ModelDefaults;
}

/** What models of SDXL are told beside a prompt: the sizes of the picture, and a prompt of its own for each text encoder. */
export interface AddedConditioning {
  /** Width of the first text encoder. */
  readonly textWidth: number;
  /** Whether it was trained to take zeros where there is no negative prompt. */
  readonly zeroNegative: boolean;
  /** Whether it is a refiner: that draws the last steps of another model's picture, or over a picture, and is told a score in place of a size. */
  readonly refines: boolean;
}

export interface ModelDefaults {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: string;
}

export const baseNoun = { noun: 'base model', list: 'bases', field: 'model' } as const;

/** The base models that are there, and what cannot be used. */
interface Bases {
  readonly bases: readonly BaseModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The base model of an id; `model_invalid` where its files were refused, else `unknown_model` with the choices. */
export function findBase({ bases, rejected }: Bases, id: string, field: string): BaseModel {
  return findModel(bases, rejected, id, field, baseNoun.noun);
}

/** What a plan says of how a model is guided; nothing of one that is asked about a negative prompt too. */
export function guidanceOf({ embedsGuidance }: BaseModel): Pick<BaseModel, 'embedsGuidance'> {
  return embedsGuidance === undefined ? {} : { embedsGuidance };
}

/** Whether latents of one model are such of the other: then a pass of one can go on with what a pass of the other left. */
export function sharesLatents(a: BaseModel, b: BaseModel): boolean {
  return (
    a.latentScale === b.latentScale &&
    a.scalingFactor === b.scalingFactor &&
    a.family.latentChannels === b.family.latentChannels
  );
}
