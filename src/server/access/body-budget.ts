import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';

/**
 * Bounds the bytes of bodies that all requests together hold in memory: bodies are read whole, and a hundred large ones at
 * once would be too much. A request takes what it announces, or the most it may send where it announces nothing, and gives it
 * back when its answer is out.
 */
export class BodyBudget {
  readonly #total: number;
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes `bytes` and returns how to give them back, once. A body that is larger than the budget passes alone.
   *
   * @throws ArmatureError `overloaded`
   */
  take(bytes: number): () => void {
    if (this.#taken > 0 && this.#taken + bytes > this.#total) {
      const detail = 'The service is receiving as much as it can hold at once: send the request again in a moment.';
      throw new ArmatureError('overloaded', detail, { retryAfter: 1 });
    }
    this.#taken += bytes;
    let left = bytes;
    return () => {
      this.#taken -= left;
      left = 0;
    };
  }
}

/** Counts the bodies of the requests to all routes that are registered after it. */
export function budgetBodies(app: FastifyInstance, budget: BodyBudget, longest: number): void {
  app.addHook('onRequest', async (request, reply) => {
    const bytes = announced(request, longest);
    if (bytes > 0) reply.raw.once('close', budget.take(bytes));
  });
}

function announced({ headers, is404 }: FastifyRequest, longest: number): number {
  if (is404) return 0;
  if (headers['transfer-encoding'] !== undefined) return longest;
  return Number(headers['content-length'] ?? 0);
}
