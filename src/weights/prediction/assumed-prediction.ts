import type { UNetConfig } from '../../graph/configs.ts';
import type { NetworkPart, WeightRef } from '../../graph/weights.ts';
import type { Assumption } from './prediction.ts';
import { readFloats } from '../safetensors/safetensors.ts';

/** Width of the text that tells a UNet of SD 2.x. */
const sd2Width = 1024;

/** Above this spread of one bias a UNet of SD 2.x was trained to predict v. */
const spreadOfV = 0.09;

/**
 * What a base model predicts that nobody says it of. SD 1.x: epsilon. SD 2.x: its shapes are the same for both, but the bias of the
 * first norm in the last transformer of the way up is spread wider in those trained on v (the test that ComfyUI makes).
 * With other than 4 input channels (inpainting) it is epsilon.
 */
export async function assumedPrediction({
  config,
  weights,
  weightsFolder,
}: NetworkPart<UNetConfig>): Promise<Assumption> {
  if (config.crossAttentionDim !== sd2Width || config.inChannels !== 4) {
    return { type: 'epsilon', decidedBy: 'family', source: 'what is usual for its family' };
  }
  const [name, bias] = lastBias(weights) ?? [];
  if (name === undefined || bias === undefined) {
    return { type: 'v_prediction', decidedBy: 'weights', source: 'what is usual for SD 2.x' };
  }
  const spread = deviation(await readFloats(weightsFolder, bias));
  const type = spread > spreadOfV ? 'v_prediction' : 'epsilon';
  return { type, decidedBy: 'weights', source: `the spread of ${name} (${spread.toFixed(3)})` };
}

const biasName = /^up_blocks\.(\d+)\.attentions\.(\d+)\.transformer_blocks\.0\.norm1\.bias$/;

/** `up_blocks.3.attentions.2...` in SD 2.x, which is `output_blocks.11.1...` in its original files. */
function lastBias(weights: ReadonlyMap<string, WeightRef>): readonly [string, WeightRef] | undefined {
  const places = [...weights].flatMap(([name, ref]) => {
    const match = biasName.exec(name);
    return match === null ? [] : [{ name, ref, place: Number(match[1]) * 1000 + Number(match[2]) }];
  });
  const last = places.toSorted((a, b) => a.place - b.place).at(-1);
  return last === undefined ? undefined : [last.name, last.ref];
}

/** With Bessel's correction, as torch.std. */
function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
