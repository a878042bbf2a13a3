import type { ArmatureError } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Writes the errors of whatever is asked for in this scope. */
    readonly writeError: ErrorWriter;
  }
}

/** What is told of an error beside itself. */
export interface ErrorFacts {
  /** Id of the request; absent where what came was none. */
  readonly request?: string;
  /** A status that says more than that of the error's code. */
  readonly status?: number;
}

/** An error as it goes out. Retry-After, Allow and what stands in every answer is added to it. */
export interface WrittenError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>> & { readonly 'content-type': string };
  /** What is sent, as JSON. */
  readonly body: object;
}

/** Writes an error in the form that those who ask understand. */
export type ErrorWriter = (error: ArmatureError, facts: ErrorFacts) => WrittenError;
