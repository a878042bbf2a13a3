import { withPooledText } from '../configs/added-config.ts';
import type { BaseCheckpoint, TextEncoderPart } from './layout.ts';

/** A UNet beside its text encoders: how wide their pooled text is says what else it takes. */
export function pooledBy(
  encoders: readonly TextEncoderPart[],
  unet: BaseCheckpoint['unet'],
  source: string,
): BaseCheckpoint['unet'] {
  const [width = null] = encoders.flatMap(({ config: { projectionWidth } }) => projectionWidth ?? []);
  return { ...unet, config: withPooledText(unet.config, width, source) };
}
