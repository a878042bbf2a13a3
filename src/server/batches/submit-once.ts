import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CountedBatch } from '../../generation/batch.ts';
import { identityOf } from '../access/guard.ts';
import type { Admission } from '../load/admission.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { PictureTurns } from '../submissions/picture-turns.ts';
import { intakeOf } from '../submissions/intake.ts';
import { ArmatureError } from '../../errors.ts';
import { fingerprint, idempotently } from '../submissions/idempotency.ts';
import type { BatchSubmission, UnreadItem } from './read-items.ts';
import { type BatchSubmitOptions, submitBatch } from './submit-batch.ts';

/** What a batch is made with. */
export interface BatchMaking {
  readonly parts: ServerParts;
  readonly admission: Admission;
  readonly pictureTurns: PictureTurns;
}

/**
 * Makes a batch, once for each Idempotency-Key. Without a key its items are checked while they arrive; with one they are
 * read to their end first, since what they are has to be compared with what the key was used for.
 */
export async function submitOnce(
  { parts, admission, pictureTurns }: BatchMaking,
  request: FastifyRequest,
  reply: FastifyReply,
  submission: BatchSubmission,
): Promise<CountedBatch> {
  const identity = identityOf(request);
  const { tenant } = identity;
  const submit = async (given: BatchSubmission, claim: BatchSubmitOptions['claim']): Promise<CountedBatch> =>
    await submitBatch(parts, given, {
      tenant,
      claim,
      intake: intakeOf(pictureTurns, request),
      requireRoom: async (jobs) => await admission.requireRoom(identity, jobs),
      charge: async (cost) => await admission.charge(identity, cost),
    });
  if (request.headers['idempotency-key'] === undefined) return await submit(submission, undefined);
  const items: UnreadItem[] = [];
  for await (const item of submission.items) items.push(item);
  return await idempotently(parts, request, reply, {
    tenant,
    route: 'POST /v1/batches',
    fingerprint: async () => await fingerprintOfBatch(submission, items),
    first: async (claim) => await submit({ ...submission, items }, claim),
    again: async (id) => await parts.records.batches.find(tenant, id),
  });
}

/** As if all items were there in one body. One that cannot be read counts as null: the request is refused for it. */
async function fingerprintOfBatch({ options, files }: BatchSubmission, items: readonly UnreadItem[]): Promise<string> {
  return await fingerprint(async (hash) => {
    hash.text('{"items":[');
    for (const [index, item] of items.entries()) {
      if (index > 0) hash.text(',');
      await hash.value(await readable(item));
    }
    hash.text('],"options":');
    await hash.value(options);
    hash.text('}');
  }, files);
}

async function readable(item: UnreadItem): Promise<unknown> {
  try {
    return await item();
  } catch (error) {
    if (error instanceof ArmatureError && error.status < 500) return null;
    throw error;
  }
}
