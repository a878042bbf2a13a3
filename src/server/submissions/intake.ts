import type { FastifyRequest } from 'fastify';
import { referencesOf } from '../../generation/given-pictures.ts';
import type { GenerationRequest } from '../../generation/request/generation.ts';
import type { BudgetPart } from '../access/body-budget.ts';
import { holderOf } from '../access/guard.ts';
import { SharedPictures } from './shared-pictures.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { PictureTurns } from './picture-turns.ts';
import { isFetched } from './pictures.ts';

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

/** Whether a picture of a request has to be fetched. */
export function needsFetching(request: GenerationRequest): boolean {
  return referencesOf(request).some(isFetched);
}
