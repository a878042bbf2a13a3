import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { identityOf } from '../access/guard.ts';
import { isSignable, type Signer } from '../access/signed-urls.ts';
import type { RouteContext } from './context.ts';
import { json, problem } from './schemas.ts';

export const signedUrlRequest = z
  .strictObject({
    paths: z
      .array(z.string().max(1000))
      .min(1)
      .max(100)
      .describe('Of outputs, maps, events, files of trainings and previews of models, as answers give them'),
    expires_s: z.int().min(1).max(3600).default(300).describe('Seconds for which the addresses are good'),
  })
  .meta({ id: 'SignedUrlRequest' });

const signedUrls = z
  .object({
    urls: z.array(z.string()).describe('In the order of the paths'),
    expires_at: z.iso.datetime().describe('When they end: with the key where that ends sooner'),
  })
  .meta({ id: 'SignedUrls' });

/** Addresses for what cannot send a key: <img>, EventSource, a link. */
export function signedUrlRoutes(instance: FastifyInstance, { parts, signer }: RouteContext): void {
  const { settings, clock } = parts;
  const base = settings.publicUrl ?? '';

  instance.withTypeProvider<ZodTypeProvider>().post('/v1/signed-urls', {
    config: { access: 'read' },
    schema: {
      operationId: 'createSignedUrls',
      summary: 'Addresses of pictures and events that work without a key for a while',
      description:
        'For <img>, EventSource and links, which cannot send a key. They end with the key that asked for them.',
      tags: ['generations'],
      body: signedUrlRequest,
      response: { 200: json('The addresses', signedUrls), '4xx': problem },
    },
    handler: async (request, reply) => {
      const paths = request.body.paths.map((path, index) => requireSignable(path, base, index));
      const { name, ending } = identityOf(request);
      const wanted = clock().getTime() + request.body.expires_s * 1000;
      const expires = Math.min(wanted, ending?.at ?? wanted);
      const said = { signer: name as Signer, expires };
      const urls = await Promise.all(paths.map(async (path) => base + (await signer.sign(path, said))));
      const answer = { urls, expires_at: new Date(expires).toISOString() };
      return await reply.header('cache-control', 'no-store').send(answer);
    },
  });
}

/** The path of an address as answers give it, which is one under the public URL where there is one. */
function requireSignable(address: string, base: string, index: number): string {
  const path = base !== '' && address.startsWith(`${base}/`) ? address.slice(base.length) : address;
  if (isSignable(path)) return path;
  const detail =
    'Expected the path of an output, a map, events, a file of a training or the preview of a model, such as /v1/generations/gen_.../outputs/0, without a query, but ' +
    `received ${JSON.stringify(address.slice(0, 200))}.`;
  throw new ArmatureError('invalid_request', detail, { field: `paths[${index}]` });
}
