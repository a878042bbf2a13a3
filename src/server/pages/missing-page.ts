import type { FastifyReply } from 'fastify';
import { varyByAccept } from '../http/prefers-html.ts';
import type { WebFile } from './web-files.ts';
import { pageOf } from './web-pages.ts';

/**
 * The page of addresses where nothing is. It may be anywhere, so its links begin at the root.
 *
 * @param publicUrl where clients find the server; null: at the root of its host
 */
export function missingPage(
  files: ReadonlyMap<string, WebFile>,
  publicUrl: string | null,
): (reply: FastifyReply) => Promise<FastifyReply> {
  const path = publicUrl === null ? '/' : `${new URL(publicUrl).pathname.replace(/\/$/, '')}/`;
  const { contentType, policy, text } = pageOf(files, 'missing.html', path);
  return async (reply) => {
    varyByAccept(reply);
    reply.code(404).headers({
      'cache-control': 'no-store',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
    });
    return await reply.type(contentType).send(text);
  };
}
