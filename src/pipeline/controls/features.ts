import type { AdapterModel } from '../../generation/models/adapter.ts';
import type { ControlMode } from '../../generation/request/choices.ts';
import { cellsOf } from '../../numeric/cells.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { PictureNetworks, SteeringSource } from '../networks/networks.ts';
import { cellWeights, type ControlWeights } from './control-weights.ts';
import type { ControlWork } from './control-work.ts';
import { mapTensor } from './map-tensor.ts';
import { nothing } from './residuals.ts';
import type { FeatureControl, RowControl } from './sample-control.ts';

/** Makes a control ready to act by features, as a T2I-Adapter does: its network runs once a pass. */
export async function prepareFeatures(
  [work]: readonly ControlWork<AdapterModel>[],
  networks: SteeringSource,
  { featurePlaces }: PictureNetworks,
): Promise<FeatureControl> {
  const { plan, model, inputs } = work as ControlWork<AdapterModel>;
  const adapter = await networks.openAdapter(model);
  const made = await adapter.features(mapCells(inputs.map, adapter.conditioningChannels, adapter.cell));
  const features = made.slice(0, featurePlaces);
  const weights = featureWeights(plan.mode, plan.scale, features.length);
  return { acts: 'features', features, start: plan.start, end: plan.end, weights, inputs };
}

/** How much features weigh against the prompt, the deepest last, where that is more important (sd-webui-controlnet). */
const besidePrompt = [0.25, 0.62, 0.825, 1];

/** As controlWeights of residuals, with the profile that features have. */
function featureWeights(mode: ControlMode, scale: number, count: number): ControlWeights {
  const weights = Float32Array.from({ length: count }, (_, place) => {
    return scale * (mode === 'balanced' ? 1 : (besidePrompt.at(place - count) ?? 0));
  });
  return { prompt: weights, others: mode === 'control' ? null : weights };
}

/**
 * The sum of the weighted features that act on each row, a tensor a place where they enter, [rows, C, h, w], or [1, 1, 1, 1] where
 * nothing enters; none at all where nothing acts. rows[r] are the controls that act on row r.
 */
export function sumFeatures(
  rows: readonly (readonly RowControl<FeatureControl>[])[],
  { featurePlaces }: PictureNetworks,
): readonly Tensor[] {
  const acting = rows.flat();
  if (acting.length === 0) return [];
  return Array.from({ length: featurePlaces }, (_, place) => {
    const like = acting.map(({ control }) => control.features[place]).find((feature) => feature !== undefined);
    if (like === undefined) return nothing;
    const [, , height = 0, width = 0] = like.dims;
    const size = like.data.length;
    const data = new Float32Array(rows.length * size);
    for (const [row, controls] of rows.entries()) {
      for (const one of controls) {
        const values = one.control.features[place]?.data;
        if (values === undefined || one.weights[place] === 0) continue;
        addWeighted(data.subarray(row * size, (row + 1) * size), values, cellWeights(one, place, { width, height }));
      }
    }
    return { dims: [rows.length, ...like.dims.slice(1)], data };
  });
}

/** Adds values [C, h, w], times one weight or one a cell. */
function addWeighted(sum: Float32Array, values: Float32Array, weights: Float32Array): void {
  for (let i = 0, cell = 0; i < values.length; i++, cell++) {
    if (cell === weights.length) cell = 0;
    sum[i]! += weights[cell]! * values[i]!;
  }
}

/** A map as 0..1, of one channel as grey, in cells as {@link cellsOf} gives them. */
function mapCells(map: RgbImage, channels: number, cell: number): Tensor {
  return cellsOf(channels === 1 ? greyOf(map) : mapTensor(map).data, channels, map, cell);
}

/** The mean of red, green and blue. */
function greyOf({ data }: RgbImage): Float32Array {
  return Float32Array.from({ length: data.length / 3 }, (_, i) => {
    return (data[3 * i]! + data[3 * i + 1]! + data[3 * i + 2]!) / (3 * 255);
  });
}
