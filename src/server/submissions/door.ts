import type { FastifyInstance } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { Door } from '../../generation/door.ts';
import { refuseUnstorableText } from '../../generation/storable-text.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Id of the dialect that is spoken in this scope. */
    readonly dialect: string;
  }
}

const longestName = 255;

/** The door of a job that is made in this scope; `invalid_request` for a name of its client's that cannot be kept. */
export function doorOf({ dialect }: FastifyInstance, externalId: string | null = null): Door {
  if (externalId !== null) {
    refuseUnstorableText(externalId, '');
    if (externalId === '' || externalId.length > longestName) {
      const detail = `Expected the name of the job to have 1 to ${longestName} characters but received ${externalId.length}.`;
      throw new ArmatureError('invalid_request', detail);
    }
  }
  return { dialect, externalId };
}
