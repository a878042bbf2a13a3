import type { UNetConfig } from '../graph/configs.ts';
import type { Size } from '../numeric/size.ts';
import { stack, type Tensor } from '../numeric/tensor.ts';
import type { PredictionType } from '../schedulers/prediction-type.ts';
import type { LearntRow, LearntShapes } from './learnt-set.ts';

/** What is the same for every row that networks of a training are given. */
export interface RowParts {
  readonly shapes: LearntShapes;
  readonly unet: UNetConfig;
  readonly resolution: Size;
  /** Whether maps are given. */
  readonly usesMaps: boolean;
  /** Share of the signal's power that is left at each timestep. */
  readonly cumulative: Float32Array;
  readonly prediction: PredictionType;
  /** Latents of the denoiser are the autoencoder's times this. */
  readonly scalingFactor: number;
}

/** What networks are shown in a row. */
export interface ShownRow extends Omit<LearntRow, 'latents'> {
  readonly sample: Float32Array;
  readonly timestep: number;
}

export type RowFeeds = Readonly<Record<string, readonly [data: Float32Array, dims: readonly number[]]>>;

/** One row of each input of the networks, by name. */
export function rowFeeds(
  { sample, timestep, caption, map, sizes }: ShownRow,
  { shapes, unet, resolution }: Pick<RowParts, 'shapes' | 'unet' | 'resolution'>,
): RowFeeds {
  const { crossAttentionDim: width, added } = unet;
  const pooled = added?.pooledWidth ?? 0;
  const context = caption.subarray(0, caption.length - pooled);
  return {
    sample: [sample, shapes.latents],
    timestep: [Float32Array.of(timestep), []],
    encoder_hidden_states: [context, [context.length / width, width]],
    ...(map === null ? {} : { image: [map, [3, resolution.height, resolution.width]] }),
    ...(added === null
      ? {}
      : {
          text_embeds: [caption.subarray(caption.length - pooled), [pooled]],
          time_ids: [Float32Array.from(sizes), [added.ids]],
        }),
  };
}

/** Rows as one batch; an input that only the first of them have has as many rows. */
export function stackRows(rows: readonly RowFeeds[]): Readonly<Record<string, Tensor>> {
  const [first] = rows;
  return Object.fromEntries(
    Object.entries(first ?? {}).map(([name, [, dims]]) => {
      const data = rows.flatMap((feeds) => feeds[name]?.slice(0, 1) ?? []) as readonly Float32Array[];
      return [name, stack(data, dims)];
    }),
  );
}
