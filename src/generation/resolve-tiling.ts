import { ArmatureError } from '../errors.ts';
import type { Tiling } from '../numeric/wrap.ts';
import type { Size } from '../numeric/size.ts';
import type { BaseModel } from './models/base.ts';
import type { GenerationRequest } from './request/generation.ts';

/** What a pass draws. */
interface TiledPass {
  readonly base: BaseModel;
  readonly size: Size;
  /** What it is brought to before it is cut to its size. */
  readonly made: Size;
  /** The field of a request that says its size; null: width and height. */
  readonly field: string | null;
}

/**
 * Along which axes the networks of a drawing wrap. `invalid_request` for a side that they would halve with a rest, where the edges meet
 * at no whole cell any more, and where only a part of a picture is drawn, whose edges are not the picture's.
 */
export function resolveTiling(
  { tiling, inpaint }: Pick<GenerationRequest, 'tiling' | 'inpaint'>,
  passes: readonly TiledPass[],
): Tiling | undefined {
  if (tiling === false) return undefined;
  if (inpaint?.area === 'masked') {
    const detail =
      'Expected inpaint.area to be whole with tiling but received masked: what is drawn then is a part of the picture, whose edges lie inside of it.';
    throw new ArmatureError('invalid_request', detail, { field: 'tiling' });
  }
  const axes = tiling === true ? 'both' : tiling;
  for (const pass of passes) {
    if (axes !== 'y') requireWhole(pass, 'x', 'width');
    if (axes !== 'x') requireWhole(pass, 'y', 'height');
  }
  return axes;
}

function requireWhole({ base, size, made, field }: TiledPass, axis: 'x' | 'y', name: 'width' | 'height'): void {
  const side = size[name];
  const cell = base.latentScale * 2 ** (base.family.blockChannels.length - 1);
  if (side % cell !== 0) {
    const nearest = Math.max(cell, Math.round(side / cell) * cell);
    const detail =
      `Expected the ${name}${field === null ? '' : ` of ${field}`} to be a multiple of ${cell}, which the networks of the model ${base.id} halve without a rest, ` +
      `where edges are to meet along ${axis}, but received ${side}: ${nearest} would fit.`;
    throw new ArmatureError('invalid_request', detail, { field: field ?? name });
  }
  if (side === made[name]) return;
  const detail =
    `Expected a size of the shape of the first pass where edges are to meet along ${axis}, but its ${name} of ${made[name]} is cut to ${side}. ` +
    'Say a scale, or a size of that shape.';
  throw new ArmatureError('invalid_request', detail, { field: field ?? name });
}

/** As requests say it. */
export function tilingView(tiling: Tiling | undefined): GenerationRequest['tiling'] {
  if (tiling === undefined) return false;
  return tiling === 'both' ? true : tiling;
}
