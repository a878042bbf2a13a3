import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptedTypes } from './preferences.ts';

/** Whether a request is a browser's that goes to a page: what it would rather have than anything else is HTML. */
export function prefersHtml({ method, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const best = acceptedTypes(headers.accept).find((type) =>
    /^(text\/html|application\/(xhtml\+xml|json|\*)|\*\/\*)$/.test(type),
  );
  return best === 'text/html' || best === 'application/xhtml+xml';
}

/** Says that the answer depends on Accept, beside what it depends on already. */
export function varyByAccept(reply: FastifyReply): void {
  const others = [reply.getHeader('vary')].flat().filter((value) => value !== undefined);
  reply.header('vary', [...others, 'Accept'].join(', '));
}
