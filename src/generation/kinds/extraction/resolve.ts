import type { Condition } from '../../../conditions/contract/condition.ts';
import { parseOptions } from '../../../conditions/contract/options.ts';
import { ArmatureError } from '../../../errors.ts';
import type { Catalog } from '../../catalog.ts';
import { type GivenPicture, shortSideSize } from '../../given-picture.ts';
import type { OutputOptions } from '../../plan.ts';
import type { ExtractionRequest } from '../../request/extraction.ts';
import type { OutputRequest } from '../../request/output.ts';
import { refuseUselessMask } from '../../resolve-control.ts';
import { resolveOutput } from '../../resolve-output.ts';
import type { Resolved } from '../../resolved.ts';
import type { ExtractionPlan } from './plan.ts';

/**
 * Settles everything that the request for a map of condition `type` leaves open, and refuses what cannot be extracted. Pure: the same
 * arguments give the same plan.
 */
export function resolveExtraction(
  type: string,
  request: ExtractionRequest,
  conditionOf: Catalog['condition'],
  picture: GivenPicture,
): Resolved<ExtractionPlan> {
  const condition = conditionOf(type, 'type');
  const { resolution = null, strict } = request;
  refuseUselessMask(condition, picture, 'image');
  if (resolution !== null) shortSideSize(picture, resolution, 'resolution');
  const plan: ExtractionPlan = {
    kind: 'extraction',
    condition: condition.id,
    image: picture.stored,
    ...(picture.mask === undefined ? {} : { imageMask: picture.mask }),
    options: parseOptions(condition, request.options, 'options'),
    resolution,
    strict,
    output: resolveMapOutput(condition, request.output),
  };
  return { plan, warnings: [] };
}

/** A map that is transparent where it is masked needs a format that has transparency. */
function resolveMapOutput({ id, masked }: Condition, output: OutputRequest): OutputOptions {
  if (masked !== true || output.format !== 'jpeg') return resolveOutput(output);
  const detail = `Expected output.format to be png or webp for ${id}, whose map is transparent where it is to be drawn anew, but received jpeg.`;
  throw new ArmatureError('invalid_request', detail, { field: 'output.format', choices: ['png', 'webp'] });
}
