import type { FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';

/**
 * Route options of a submission: its handler checks the body itself, because a form becomes JSON first, and its headers
 * are read by what they mean.
 */
export const unchecked = { validatorCompiler: () => (value: unknown) => ({ value }) };

/** The header promises that a repeated request draws nothing twice: it must not be taken for granted before it holds. */
export function refuseIdempotencyKey({ headers }: FastifyRequest): void {
  if (headers['idempotency-key'] === undefined) return;
  throw new ArmatureError('not_supported_yet', 'Idempotency-Key is not supported yet: leave the header out.', {
    field: 'Idempotency-Key',
  });
}
