import type { FastifyRequest } from 'fastify';
import type { GivenControl, GivenPicture } from '../../generation/given-picture.ts';
import type { ControlImage, ControlRequest } from '../../generation/request.ts';
import type { BudgetPart } from '../access/body-budget.ts';
import { holderOf } from '../access/guard.ts';
import { SharedPictures } from './shared-pictures.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { PictureTurns } from './picture-turns.ts';
import { checkControl, isFetched } from './pictures.ts';

/** What bounds the pictures that a request brings in from elsewhere. */
export interface Intake {
  readonly turns: PictureTurns;
  /** Where their bytes count: with the body of the request. */
  readonly memory: BudgetPart;
  /** Whose share of turns and of the decoder they take. */
  readonly holder: string;
}

/** `pictureTurns`: when pictures from elsewhere are brought in. */
export function intakeOf(pictureTurns: PictureTurns, request: FastifyRequest): Intake {
  return { turns: pictureTurns, memory: request.memory, holder: holderOf(request) };
}

/** The pictures of a request with these files. */
export function picturesOf(
  { records, store, settings, fetcher, decoder }: ServerParts,
  files: ReadonlyMap<string, Uint8Array>,
  tenant: string,
  { turns, memory, holder }: Intake,
): SharedPictures {
  const { picture: limits } = settings.limits;
  return new SharedPictures({ records, store, tenant, files, fetcher, limits, decoder, memory, holder }, turns);
}

/** The pictures of all controls of a request, each by `check`. */
export async function givenControls(
  controls: readonly ControlRequest[],
  check: (reference: ControlImage, field: string) => Promise<GivenPicture>,
): Promise<readonly GivenControl[]> {
  return await Promise.all(
    controls.map(async (control, index) => await checkControl(control, `controls[${index}]`, check)),
  );
}

/** What the controls of a request refer to: their pictures and the masks of where they act. */
export function referencesOf(controls: readonly ControlRequest[]): readonly ControlImage[] {
  return controls.flatMap(({ image, mask }) => (mask === undefined ? [image] : [image, mask]));
}

/** Whether a picture of a request has to be fetched. */
export function needsFetching(controls: readonly ControlRequest[]): boolean {
  return referencesOf(controls).some(isFetched);
}
