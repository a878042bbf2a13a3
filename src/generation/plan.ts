import type { PromptSyntax } from '../prompt/syntax.ts';
import type { SchedulerId } from '../schedulers/registry.ts';
import type { ScheduleId } from '../schedulers/schedules/registry.ts';
import type { Tiling } from '../numeric/wrap.ts';
import type { LoraWay } from './lora-ways.ts';
import type { AestheticScores, ToldSizes } from './picture-sizes.ts';
import type { PlannedControl } from './planned-control.ts';
import type { PlannedInit } from './planned-init.ts';
import type { ModelReference } from './plan-references.ts';
import type { ControlPasses, OutputFormat } from './request/choices.ts';
import type { Window } from './window.ts';

/**
 * What a worker is told to do: every default resolved, every picture stored, every model checked against the others. A
 * plan is JSON, is written into the job's record before the job is queued, and never changes after that. What else it says
 * its kind knows (job-kind.ts).
 */
export interface Plan {
  readonly kind: string;
}

/** What is to be drawn. */
export interface GenerationPlan extends Plan {
  readonly kind: 'generation';
  readonly model: ModelReference;
  readonly prompt: string;
  readonly negativePrompt: string;
  /** How both are read. */
  readonly promptSyntax: PromptSyntax;
  /** What models of SDXL are told beside the prompts; absent of others. */
  readonly added?: PlannedAdded | undefined;
  /** Pixels; multiples of 8. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** 1 switches classifier-free guidance off. */
  readonly guidanceScale: number;
  /** The model takes the guidance scale as an input, and is asked once; absent of others. */
  readonly embedsGuidance?: true | undefined;
  readonly guidanceRescale: number;
  /** Between which shares of the steps of a run guidance acts; absent: at all of them. */
  readonly guidanceWindow?: Window | undefined;
  /** How far the picture that is edited is followed, of models that edit by words; absent of others. 1: no further than it is. */
  readonly imageGuidanceScale?: number | undefined;
  readonly scheduler: SchedulerId;
  /** What lays the noise levels out; null: the model's own spacing, or what the sampler's id stands for. */
  readonly schedule: ScheduleId | null;
  /** How much noise a step adds and takes away again; 0 is none. */
  readonly sChurn: number;
  /** Share of fresh noise in each step; null: the sampler's own. */
  readonly eta: number | null;
  /** What the sampler makes of the steps. */
  readonly run: SamplerRun;
  /**
   * Where the noise of the SDE samplers comes from: `path`, a Brownian path of the picture's seed. `drawn`, as until plans had version 2: one draw a step,
   * from the generator of the seed.
   */
  readonly sdeNoise: 'path' | 'drawn';
  /** Seed of the first output; output i is drawn with seed + i (see bestOf). 0 .. 2^32 - 1 each (wraps around). */
  readonly seed: number;
  readonly count: number;
  /** How many of the text encoder's last layers are left out. */
  readonly clipSkip: number;
  /** Along which axes what is drawn is a tile of a pattern; absent: along none. */
  readonly tiling?: Tiling | undefined;
  /** The share of the tokens that the UNet merges where it attends to the picture itself; absent: none. */
  readonly tokenMerging?: number | undefined;
  /** What lies deep in the UNet is given again at the steps between; absent: it is worked out at all of them. */
  readonly deepCache?: PlannedDeepCache | undefined;
  /** What drawing begins with; absent where that is noise alone. */
  readonly init?: PlannedInit | undefined;
  /** A second pass over what the first one left, at a larger size; absent where there is none. */
  readonly hires?: PlannedHires | undefined;
  /** A model that draws the last steps; absent where there is none. */
  readonly refiner?: PlannedRefiner | undefined;
  /** Where the pictures' noise lies on the way to that of other seeds; absent where it is that of their own. */
  readonly variation?: Variation | undefined;
  /** What brings pictures to latents and back; absent where that is the model's own. */
  readonly vae?: ModelReference | undefined;
  /** The small decoder that makes the pictures; absent where the autoencoder does. */
  readonly taesd?: ModelReference | undefined;
  /** Absent where nobody is to see the pictures before they are done. */
  readonly preview?: PlannedPreview | undefined;
  readonly controls: readonly PlannedControl[];
  /** Adapters of the model's weights, in the order of the request; absent where there are none. */
  readonly loras?: readonly PlannedLora[] | undefined;
  /** Learned words that the prompts hold; absent where there are none. */
  readonly embeddings?: readonly PlannedEmbedding[] | undefined;
  /** Blank maps, maps that look like something else and prompts that are cut fail the job instead of warning. */
  readonly strict: boolean;
  /** Each output is compared with the maps of the controls; always where several candidates are drawn. */
  readonly evaluate: boolean;
  /** Candidates drawn for each output, of which the best is kept; candidate c of output i has seed + i * bestOf + c. */
  readonly bestOf: number;
  readonly output: GenerationOutputOptions;
}

/** At which steps all of a UNet is worked out (Ma et al. 2023, DeepCache). */
export interface PlannedDeepCache {
  /** Steps from one to the next, above 1. */
  readonly every: number;
  /** The skip connection up to which it is worked out at those between. */
  readonly depth: number;
  /** What such a step costs, as a share of a whole one, by the id of the base model. */
  readonly shares: Readonly<Record<string, number>>;
}

/** A run of a sampler as it really is, which may be other than the steps that were wished. */
export interface SamplerRun {
  readonly steps: number;
  /** How often the network is asked for one picture. */
  readonly evaluations: number;
}

/** What models of SDXL are told beside the prompts. */
export interface PlannedAdded {
  /** What the second text encoder reads; null: what the first one does. */
  readonly prompt2: string | null;
  readonly negativePrompt2: string | null;
  /** There is no negative prompt, and the model was trained to take zeros in the place of what none means. */
  readonly zeroNegative: boolean;
  readonly sizes: ToldSizes;
  /** What a refiner is told; absent of others. */
  readonly scores?: AestheticScores | undefined;
}

/** An adapter of weights, and how strongly it acts; 0 leaves a network as it is. */
export interface PlannedLora {
  readonly model: ModelReference;
  /** On the UNet. */
  readonly scale: number;
  /** On the text encoders. */
  readonly textEncoderScale: number;
  /** In which passes it acts; absent: in all of them. */
  readonly passes?: ControlPasses | undefined;
  /** Absent of plans from before there was a second way: merged. */
  readonly applied?: LoraWay | undefined;
}

/** A learned word of the prompts, and whose vectors stand for it. */
export interface PlannedEmbedding {
  /** As it stands in the prompts, in lower case. */
  readonly name: string;
  /** The embedding, or the LoRA that brings it. */
  readonly model: ModelReference;
  /** Id of the base model that is told it: that of the passes whose prompts hold it. */
  readonly base: string;
  /** What that LoRA calls it; absent for an embedding of its own. */
  readonly bundled?: string | undefined;
}

/** What brings a picture to another size: a kernel on its pixels, or a network. */
export interface PlannedUpscaler {
  readonly id: string;
  /** The network; null where it is a kernel (src/pixels/upscalers). */
  readonly model: ModelReference | null;
  /** How many times as wide and as high a network of a second pass makes a picture at once. */
  readonly scale?: number;
}

/** A pass over what the one before it left, brought to a larger size. Sampled and told as the first one, where it says nothing else. */
export interface PlannedHires extends Pick<
  GenerationPlan,
  | 'model'
  | 'scheduler'
  | 'schedule'
  | 'sChurn'
  | 'eta'
  | 'run'
  | 'added'
  | 'width'
  | 'height'
  | 'steps'
  | 'embedsGuidance'
> {
  readonly upscaler: PlannedUpscaler;
  /** What the first pass left is brought to this size, which covers width x height, and cut to that. */
  readonly enlarged: { readonly width: number; readonly height: number };
  /** Above 0, at most 1: `steps`, which are all made, are the last ones of a schedule that has as many more as this is below 1. */
  readonly strength: number;
  /** Null: as the first pass. */
  readonly prompt: string | null;
  readonly negativePrompt: string | null;
}

/** A model that goes on with the latents of another one, with the same sampler, where its own levels of noise begin. */
export interface PlannedRefiner extends Pick<GenerationPlan, 'embedsGuidance'> {
  readonly model: ModelReference;
  readonly added?: PlannedAdded | undefined;
  /** As it was asked: the share of the trained timesteps that the other model draws. */
  readonly switchAt: number;
  /** It draws the steps that begin below this timestep. */
  readonly below: number;
  /** What it draws of the first pass, and of a hires pass; absent of one whose steps it does not draw. `run` of the plan and of the hires pass are without these. */
  readonly runs: { readonly low?: SamplerRun; readonly high?: SamplerRun };
}

/** Another seed, and how far on the way from the noise of the own seed to that one's a picture begins. */
export interface Variation {
  /** 0 .. 2^32 - 1. Where the strength is above 0, this seed counts on from picture to picture, and the own seed does not. */
  readonly seed: number;
  /** 0 .. 1. */
  readonly strength: number;
}

/** Pictures on their way, for those who watch the job. */
export interface PlannedPreview {
  /** Steps from one to the next. */
  readonly every: number;
}

export interface OutputOptions {
  readonly format: OutputFormat;
  /** 1..100 for jpeg and webp; ignored by png, which has no loss. */
  readonly quality: number;
}

export interface GenerationOutputOptions extends OutputOptions {
  /** Whether the files carry the parameters text. */
  readonly metadata: boolean;
}
