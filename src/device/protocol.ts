import type { MaskFill, MaskMode } from '../generation/request/choices.ts';
import type { LevelMap } from '../pixels/level-map.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { SerializedError } from '../errors.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { LoraModel } from '../generation/models/lora.ts';
import type { TaesdModel } from '../generation/models/taesd.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { UpscalerModel } from '../generation/models/upscaler.ts';
import type { LoraWay } from '../generation/lora-ways.ts';
import type { PlannedPass } from '../generation/passes.ts';
import type { ControlWork } from '../pipeline/controls/control-work.ts';
import type { TorchGeneratorState } from '../numeric/torch-generator.ts';
import type { LatentShape } from '../pipeline/pass.ts';
import type { NoiseSeeds, SampleState } from '../pipeline/sample.ts';

/**
 * What a worker and its device process say to each other, over Node's IPC with `advanced` serialization. Each message
 * about a job carries the job and its attempt, so that an answer to an attempt that is over is recognised and dropped.
 */
export interface AttemptKey {
  readonly job: string;
  readonly attempt: number;
}

/** One picture to be drawn in a pass; it is drawn the same whatever it is drawn beside. */
export interface PictureWork extends NoiseSeeds {
  /** What the pass before left of it, a picture already brought to the size that the pass takes it at; null in a first pass, and where it goes on. */
  readonly from: PictureLeft | null;
  /** Where an earlier attempt left it in this pass; null where it begins. */
  readonly resume: SampleState | null;
}

/** What a pass left of a picture: itself, or latents for the next pass. */
export type PictureLeft = { readonly image: RgbImage } | { readonly latents: LatentsLeft };

export interface LatentsLeft {
  /** Channels, height, width. */
  readonly shape: LatentShape;
  /** As the denoiser has them. */
  readonly data: Float32Array;
  /** Where the noise goes on of a pass that goes on with them as they are. */
  readonly noise: TorchGeneratorState;
}

/** How far a picture has come in a pass: on its way, or what the pass left of it. */
export type PictureProgress = { readonly state: SampleState } | { readonly left: PictureLeft };

/** How far a pass has come. */
export interface PassProgress {
  /** Steps that all of its pictures have done. */
  readonly step: number;
  /** In the order of the request. */
  readonly pictures: readonly PictureProgress[];
  readonly warnings: readonly string[];
  /** Samples in each batched evaluation so far. */
  readonly batches: readonly number[];
}

/** What a pass draws over, at its size. */
export interface PassStart {
  readonly image: RgbImage;
  /** Which part of it is drawn anew; null where all of it is. */
  readonly repaint: { readonly mask: LevelMap; readonly mode: MaskMode; readonly fill: MaskFill | null } | null;
}

/** A LoRA, where it lies and how strongly it acts on the UNet and on the text encoders; 0 leaves a network as it is. */
export interface LoraWork {
  readonly model: LoraModel;
  readonly scale: number;
  readonly textEncoderScale: number;
  /** Which way it was accepted with. */
  readonly applied: LoraWay;
}

/** What stands in for the base model's own autoencoder; null where that does it. */
export interface AutoencoderWork {
  readonly vae: VaeModel | null;
  /** Brings latents to pictures, whatever brings pictures to latents. */
  readonly taesd: TaesdModel | null;
}

/** Pictures on their way, for who watches a job. */
export interface PreviewWork {
  /** Steps from one to the next. */
  readonly every: number;
  /** What they are made with; null: colours that are fitted to the decoder. */
  readonly taesd: TaesdModel | null;
}

/** What a picture of a drawing comes to, as far as it can be told. */
export interface DevicePreview {
  /** Which of the request's pictures. */
  readonly picture: number;
  /** Steps of the pass that it has done. */
  readonly step: number;
  /** Of whatever size. */
  readonly image: RgbImage;
}

/** A learned word of the prompts and the file that holds its vectors. */
export interface WordWork {
  /** As it stands in the prompts, in lower case. */
  readonly name: string;
  readonly model: { readonly id: string; readonly path: string; readonly hash: string };
  /** What the LoRA of that file calls it; null where the file is an embedding. */
  readonly bundled: string | null;
}

/** One pass of a job with its pictures decoded and its maps made: the device reads no file but weights. */
export interface DrawRequest extends AttemptKey {
  readonly pass: PlannedPass;
  /** Where the base model lies. */
  readonly base: BaseModel;
  readonly controls: readonly ControlWork[];
  /** What acts on the networks of the base model. */
  readonly loras: readonly LoraWork[];
  /** Words of the prompts that are learned. */
  readonly words: readonly WordWork[];
  readonly autoencoder: AutoencoderWork;
  /** Null where nobody asked for any. They are made while the drawing is watched. */
  readonly preview: PreviewWork | null;
  /** What it draws over, exactly of its size; null where it begins with noise alone. */
  readonly over: PassStart | null;
  readonly pictures: readonly PictureWork[];
  /** Milliseconds of drawing between two checkpoints. Where it is given, one comes with a cancel too. Null: none are made. */
  readonly checkpointEveryMs: number | null;
}

/** A picture to be made larger by a network, once. */
export interface EnlargeRequest extends AttemptKey {
  readonly model: UpscalerModel;
  readonly image: AlphaImage;
}

export type ToDevice =
  | { readonly type: 'start'; readonly settings: DeviceSettings }
  | ({ readonly type: 'admit' } & DrawRequest)
  | ({ readonly type: 'enlarge' } & EnlargeRequest)
  | ({ readonly type: 'cancel' } & AttemptKey)
  /** Of a drawing that was admitted: whether somebody watches it. */
  | ({ readonly type: 'watch'; readonly watched: boolean } & AttemptKey);

/** How far the pictures of a pass are. */
export interface StepsDone {
  /** Steps that all of them have done. */
  readonly step: number;
  /** Those that they have done in the mean: one may wait while another is drawn to its end. */
  readonly mean: number;
}

export type FromDevice =
  | { readonly type: 'ready'; readonly device: DeviceDescription }
  | ({ readonly type: 'progress' } & StepsDone & AttemptKey)
  | ({ readonly type: 'preview' } & DevicePreview & AttemptKey)
  | ({ readonly type: 'checkpoint'; readonly progress: PassProgress } & AttemptKey)
  | ({ readonly type: 'finished' } & Drawing & AttemptKey)
  | ({ readonly type: 'tiled'; readonly step: number; readonly steps: number } & AttemptKey)
  | ({ readonly type: 'enlarged'; readonly image: AlphaImage } & AttemptKey)
  | ({ readonly type: 'cancelled' } & AttemptKey)
  | ({ readonly type: 'failed'; readonly error: SerializedError } & AttemptKey)
  | { readonly type: 'ticked'; readonly rows: number; readonly samples: number; readonly ms: number }
  /** Ids of the models of which something is in memory now. */
  | { readonly type: 'loaded'; readonly models: readonly string[] }
  | { readonly type: 'fatal'; readonly error: SerializedError };

export interface DeviceSettings {
  readonly provider: 'cpu' | 'cuda' | 'auto';
  readonly deviceId: number;
  readonly threads: number;
  /** Bytes for weights, of which the least recently used go first, and for what a batched step works in. */
  readonly memoryBudget: number;
  /** Most rows (samples times two with guidance) in one batched step. */
  readonly maxRows: number;
  /** Networks whose weights take as many bytes or more are loaded by threads of their own, beside the steps of others. Absent: what a step may wait for. */
  readonly threadFromBytes?: number;
  /** Folder of the tokenizer for checkpoints that bring none. */
  readonly tokenizerFolder: string;
}

export interface DeviceDescription {
  readonly provider: 'cpu' | 'cuda';
  /** Which provider was taken and why, in one sentence. */
  readonly reason: string;
}

/** What came of a draw request. */
export interface Drawing {
  /** What the pass left of each picture, in the order of the request. */
  readonly pictures: readonly PictureLeft[];
  readonly warnings: readonly string[];
  /** Samples in each batched evaluation that it took part in. */
  readonly batches: readonly number[];
}
