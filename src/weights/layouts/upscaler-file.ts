import { ArmatureError } from '../../errors.ts';
import { buildUpscaler } from '../../graph/compiler/index.ts';
import type { UpscalerConfig } from '../../graph/configs.ts';
import type { NetworkPart, Weights } from '../../graph/weights.ts';
import { upscalerRules } from '../key-maps/upscaler.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openWeightFile } from '../safetensors/weight-files.ts';
import { refuseLeftovers } from './leftovers.ts';
import { weightsOf } from './weights.ts';

/** A network that makes pictures larger. Nothing but the header has been read. */
export interface UpscalerCheckpoint {
  readonly upscaler: NetworkPart<UpscalerConfig>;
  readonly hash: string;
}

/**
 * Opens an RRDBNet (ESRGAN, Real-ESRGAN): a single .safetensors file with the names of BasicSR, of KAIR or of the first ESRGAN. Throws
 * `model_invalid` for what is none, `not_supported_yet` for a tensor that no such network has.
 */
export async function openUpscalerFile(path: string, opened?: SafetensorsFile): Promise<UpscalerCheckpoint> {
  const file = opened ?? (await openWeightFile(path));
  if (!isUpscaler(file)) {
    throw new ArmatureError(
      'model_invalid',
      `Expected an upscaler (ESRGAN) in ${file.name} but received tensors of another kind.`,
    );
  }
  const weights = weightsOf([file], upscalerRules(file.tensors.keys()));
  const upscaler = { config: inferUpscalerConfig(weights, file.name), weights, weightsFolder: file.folder };
  refuseLeftovers(upscaler, [buildUpscaler(upscaler)], file.name);
  return { upscaler, hash: await fingerprint([file], [upscaler.config]) };
}

/** How many times as wide and as high its pictures are. */
export function scaleOf({ doublings, cell }: UpscalerConfig): number {
  return 2 ** doublings / cell;
}

/** Whether the names of a file's tensors are those of an RRDBNet. */
export function isUpscaler({ tensors }: Pick<SafetensorsFile, 'tensors'>): boolean {
  const dense = ['body.0.rdb1.conv1.weight', 'RRDB_trunk.0.RDB1.conv1.weight', 'model.1.sub.0.RDB1.conv1.0.weight'];
  return dense.some((name) => tensors.has(name));
}

/** Pixels across and down that a first layer takes as channels, by how many numbers it takes. */
const cells: ReadonlyMap<number, number> = new Map([
  [3, 1],
  [12, 2],
  [48, 4],
]);

function inferUpscalerConfig(weights: Weights, source: string): UpscalerConfig {
  const shapeOf = (name: string): readonly number[] => {
    const shape = weights.get(name)?.shape;
    if (shape !== undefined) return shape;
    throw new ArmatureError('model_invalid', `Expected a tensor for ${name} in ${source} but it has none.`);
  };
  const count = (pattern: RegExp): number =>
    new Set([...weights.keys()].flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
  const [channels = 0, inputs = 0] = shapeOf('conv_first.weight');
  const cell = cells.get(inputs);
  if (cell === undefined) {
    const detail = `The first layer of ${source} takes ${inputs} channels: those of the upscalers that are built take ${[...cells.keys()].join(', ')}.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
  return {
    cell,
    channels,
    growth: shapeOf('body.0.rdb1.conv1.weight')[0] ?? 0,
    blocks: count(/^body\.(\d+)\./),
    doublings: count(/^conv_up(\d+)\.weight$/),
  };
}
