import type { FastifyInstance } from 'fastify';
import type { AuthenticationScheme } from '../../access/authentication-scheme.ts';
import type { ErrorWriter } from '../../http/error-writer.ts';
import type { JobAnswer } from '../../jobs/job-answer.ts';
import type { RouteContext } from '../../routes/context.ts';
import type { EventWriter } from './event-writer.ts';

/**
 * How programs of one tradition speak with the server: a folder beside this one, and a row in the registry. Each mount is a plugin of
 * its own, and what stands here becomes properties of it.
 */
export interface Dialect {
  /** Lower-case letters, digits and hyphens. Jobs keep it, so that it never changes. */
  readonly id: string;
  /** Where it is spoken. */
  readonly mounts: readonly Mount[];
  readonly writeError: ErrorWriter;
  /** How a key is brought. Which routes ask for one, and who gets in, is the same in all dialects. */
  readonly authentication: AuthenticationScheme;
  readonly answerJob: JobAnswer;
  /** What the receiver of a job's end is sent, also long after the job was asked for. */
  readonly writeEvent: EventWriter;
}

export interface Mount {
  /** What the paths begin with, such as `/v1/images`; empty where it is spoken wherever no other dialect is. */
  readonly prefix: string;
  /**
   * Adds routes, whose paths follow the prefix. Each says by `config.access` who may call it. They are no part of the API description
   * but in the main dialect.
   */
  readonly routes: (scope: FastifyInstance, context: RouteContext) => void | Promise<void>;
}
