import { ArmatureError } from '../../errors.ts';
import type { AddedConfig, EncoderConfig } from '../../graph/configs.ts';

/** Numbers that tell SDXL of a picture's size: both its sides as they were, its crop, both its sides now; a refiner has a score in place of the last two. */
const baseIds = 6;
const refinerIds = 5;

/** What is added to the timestep in a network with `inputs` numbers for it, taken for one of a base model. */
export function addedConfig(inputs: number, idWidth: number): AddedConfig {
  return { pooledWidth: inputs - baseIds * idWidth, ids: baseIds, idWidth };
}

/** Whether a network is one of a refiner, which draws the last steps of another model's picture. */
export function isRefiner({ added }: EncoderConfig): boolean {
  return added?.ids === refinerIds;
}

/**
 * The config of a UNet beside a text encoder that projects to `width` (null: none does): what is left of its inputs beside the pooled
 * text says how many ids it takes. Throws `model_invalid` where no number of ids fits.
 */
export function withPooledText<Config extends EncoderConfig>(
  config: Config,
  width: number | null,
  source: string,
): Config {
  if (config.added === null) return config;
  const { idWidth } = config.added;
  const inputs = config.added.pooledWidth + config.added.ids * idWidth;
  if (width === null) {
    const detail = `The UNet of ${source} is one of SDXL, which takes pooled text: expected a text encoder with a projection beside it.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const ids = (inputs - width) / idWidth;
  if (ids !== baseIds && ids !== refinerIds) {
    const detail =
      `The UNet of ${source} takes ${inputs} numbers beside the timestep: expected ${width} of the pooled text and ` +
      `${baseIds} (a refiner: ${refinerIds}) times ${idWidth} of the picture's size.`;
    throw new ArmatureError('model_invalid', detail);
  }
  return { ...config, added: { pooledWidth: width, ids, idWidth } };
}
