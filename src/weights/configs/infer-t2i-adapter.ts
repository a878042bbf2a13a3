import { ArmatureError } from '../../errors.ts';
import type { AdapterLevel, T2iAdapterConfig } from '../../graph/configs.ts';
import type { Weights } from '../../graph/weights.ts';
import { adapterConfig, halvedXlLevel } from './t2i-adapter-config.ts';

/** Of the adapters of SDXL. */
const xlCell = 16;

/**
 * Pixels across and down that a first layer takes as channels, and channels of the map, by how many numbers it takes: what the published
 * adapters have.
 */
const firstLayers: ReadonlyMap<number, Pick<T2iAdapterConfig, 'cell' | 'conditioningChannels'>> = new Map([
  [64, { cell: 8, conditioningChannels: 1 }],
  [192, { cell: 8, conditioningChannels: 3 }],
  [256, { cell: xlCell, conditioningChannels: 1 }],
  [768, { cell: xlCell, conditioningChannels: 3 }],
]);

/** A T2I-Adapter's config from its weights, by the names of diffusers. Throws `model_invalid` where they are those of none. */
export function inferT2iAdapterConfig(weights: Weights, source: string): T2iAdapterConfig {
  const size = (name: string, axis: number): number => {
    const found = weights.get(name)?.shape[axis];
    if (found !== undefined) return found;
    throw new ArmatureError('model_invalid', `Expected a tensor for ${name} in ${source} but it has none.`);
  };
  const kind = weights.has('adapter.conv_in.weight') ? 'full' : 'light';
  const first = kind === 'full' ? 'adapter.conv_in.weight' : 'adapter.body.0.in_conv.weight';
  const inputs = size(first, 1);
  const layer = firstLayers.get(inputs);
  if (layer === undefined) {
    const detail = `The first layer of ${source} takes ${inputs} channels: those of T2I-Adapters take ${[...firstLayers.keys()].join(', ')}.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const count = numbered(weights, /^adapter\.body\.(\d+)\./);
  const last = kind === 'full' ? 'resnets.0.block2.weight' : 'out_conv.weight';
  const isXl = kind === 'full' && layer.cell === xlCell;
  const levels = Array.from({ length: count }, (_, level): AdapterLevel => {
    const name = `adapter.body.${level}`;
    const convolved = weights.has(`${name}.down_opt.op.weight`);
    const halves = isXl ? level === halvedXlLevel : level > 0;
    return {
      channels: size(`${name}.${last}`, 0),
      halved: convolved ? 'by convolution' : halves ? 'by means' : 'no',
    };
  });
  return adapterConfig(
    {
      kind,
      ...layer,
      levels,
      resnets: numbered(weights, /^adapter\.body\.0\.resnets\.(\d+)\./),
      kernel: size('adapter.body.0.resnets.0.block2.weight', 2) === 3 ? 3 : 1,
    },
    source,
  );
}

/** How many different numbers the names have there. */
function numbered(weights: Weights, pattern: RegExp): number {
  return new Set([...weights.keys()].flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
}
