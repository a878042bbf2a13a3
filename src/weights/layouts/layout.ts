import { access, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import type {
  ControlNetConfig,
  T2iAdapterConfig,
  TextEncoderConfig,
  UNetConfig,
  VaeConfig,
} from '../../graph/configs.ts';
import type { NetworkPart } from '../../graph/weights.ts';
import type { Prediction } from '../../schedulers/prediction-type.ts';
import type { Distilled } from '../../schedulers/distillations.ts';
import type { DistilledWitness } from '../prediction/distilled.ts';
import type { Witness } from '../prediction/prediction.ts';
import type { RawConfig } from '../configs/raw-config.ts';
import type { Family } from '../../graph/family.ts';

/** A base model: its networks, where their weights are, and what it was trained for. Nothing but headers and one small weight has been read. */
export interface BaseCheckpoint {
  readonly layout: 'diffusers' | 'single-file';
  /** In the order in which their contexts are put beside each other. */
  readonly textEncoders: readonly [TextEncoderPart, ...TextEncoderPart[]];
  readonly unet: NetworkPart<UNetConfig>;
  readonly vae: NetworkPart<VaeConfig>;
  /** scheduler_config.json with what was decided of the prediction, or the equal of it where there is none. */
  readonly schedulerConfig: RawConfig;
  readonly prediction: Prediction;
  /** How it was made to draw in few steps; null where nobody says so. */
  readonly distilled: Distilled | null;
  readonly family: Family;
  readonly hash: string;
}

/** A text encoder of a base model, with what makes its ids. */
export interface TextEncoderPart extends NetworkPart<TextEncoderConfig> {
  /** As diffusers calls its folder: the second one is SDXL's, and the only one of its refiner. */
  readonly name: 'text_encoder' | 'text_encoder_2';
  readonly tokenizer: TokenizerPlace;
}

export interface TokenizerPlace {
  /** Absolute path of a folder with vocab.json and merges.txt or tokenizer.json, or null for CLIP's own tokenizer. */
  readonly folder: string | null;
  /** What CLIP's own fills up with, where that is not its usual token: OpenCLIP's has id 0. */
  readonly padToken?: string;
}

/** A ControlNet with all of its weights. */
export interface WholeControlNet {
  readonly controlnet: NetworkPart<ControlNetConfig>;
}

export interface ControlNetCheckpoint extends WholeControlNet {
  readonly layout: 'diffusers' | 'single-file';
  readonly family: Family;
  readonly hash: string;
}

export interface T2iAdapterCheckpoint {
  readonly layout: 'diffusers' | 'single-file';
  readonly part: NetworkPart<T2iAdapterConfig>;
  readonly hash: string;
}

/**
 * Settings that go before those of the files, by diffusers' own names. A single file says nothing of its heads and groups: an
 * unusual one needs to be told.
 */
export interface BaseOverrides {
  readonly unet?: RawConfig;
  readonly vae?: RawConfig;
  readonly textEncoder?: RawConfig;
  readonly textEncoder2?: RawConfig;
  readonly scheduler?: RawConfig;
  /** Who goes before the files in what the network predicts, in the order of their rank. */
  readonly told?: readonly Witness[];
  /** Who goes before the files in whether it was distilled. */
  readonly toldDistilled?: readonly DistilledWitness[];
}

export async function isFolder(path: string): Promise<boolean> {
  const status = await stat(path).catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ArmatureError('model_invalid', `The model ${basename(path)} cannot be read (${code}).`, { cause });
  });
  return status.isDirectory();
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
