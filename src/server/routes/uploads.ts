import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { check } from '../../generation/parse.ts';
import type { DecodeFor } from '../../images/decoder/decoder.ts';
import { newUploadId } from '../../records/schema/ids.ts';
import type { Upload } from '../../records/pictures/uploads.ts';
import type { SetUpload } from '../../records/sets/set-upload.ts';
import { uploadKey } from '../../store/keys.ts';
import { holderOf } from '../access/guard.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { deleteLeftovers } from '../jobs/delete-leftovers.ts';
import { isForm, readForm } from '../http/form.ts';
import type { ServerLimits } from '../parts/limits.ts';
import { idempotently } from '../submissions/idempotency.ts';
import { sha256Of } from '../../json/canonical-hash.ts';
import type { ServerParts } from '../parts/parts.ts';
import { otherMediaType } from '../plugins/other-media-type.ts';
import { makeSet, setRequest } from '../sets/make-set.ts';
import { offsetHeader } from '../sets/receive-set.ts';
import { missingUpload } from '../sets/refusals.ts';
import { setSchema, setView } from '../views/set-view.ts';
import { uploadSchema, uploadView } from '../views/upload-view.ts';
import { uploadForm } from './form-schemas.ts';
import { idempotencyHeaders, idParameter, json, problem, tenantQuery } from './schemas.ts';
import { unchecked } from './submission-route.ts';

const uploadQuery = z.strictObject({
  kind: z.enum(['picture', 'set']).default('picture').describe('What it is to be: set for a training set'),
});

const binary = z.string().meta({ format: 'binary' });

/** Pictures, and training sets, that later requests refer to by id. */
export function uploadRoutes(instance: FastifyInstance, context: RouteContext): void {
  const { parts, links } = context;
  const { records } = parts;
  const { limits } = parts.settings;
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  routes.addContentTypeParser(/^image\/|^application\/octet-stream/, { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });

  routes.post('/v1/uploads', {
    config: { access: 'generate' },
    schema: {
      operationId: 'createUpload',
      summary: 'Keep a picture, or begin a training set',
      description:
        'Requests refer to it by its id. The body is the picture itself or a form with one file; the same bytes get the same id. ' +
        'With kind=set it is what is known of a training set, or nothing; PUT sends the set.',
      tags: ['uploads'],
      headers: idempotencyHeaders,
      querystring: uploadQuery,
      body: {
        content: {
          'multipart/form-data': { schema: uploadForm },
          'image/*': { schema: binary },
          'application/json': { schema: setRequest },
        },
      },
      response: {
        201: json('It is kept, or begun; Location is its address', z.union([uploadSchema, setSchema])),
        '4xx': problem,
        '5xx': problem,
      },
    },
    ...unchecked,
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      if (check(uploadQuery, request.query).kind === 'set') {
        const set = await beginSet(context, request, reply);
        return await reply.code(201).header('location', links.upload(set.id)).send(setView(set, links));
      }
      const { bytes, field } = await uploadedFile(request, limits);
      const upload = await idempotently(parts, request, reply, {
        tenant,
        route: 'POST /v1/uploads',
        fingerprint: async () => await sha256Of(bytes),
        first: async (claim) => {
          const kept = await keepUpload(parts, tenant, bytes, { tenant: holderOf(request), field });
          // Not in one transaction: the same bytes get the same id, however often they come.
          if (claim !== undefined) await records.idempotency.complete(claim, kept.id);
          return kept;
        },
        again: async (id) => await records.findUpload(tenant, id),
      });
      return await reply.code(201).header('location', links.upload(upload.id)).send(uploadView(upload, links));
    },
  });

  routes.get('/v1/uploads/:id', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'getUpload',
      summary: 'What is known of an upload',
      description:
        'Of a picture its type, its size in bytes and in pixels, and its hash; of a training set how much of it is there, also as Upload-Offset.',
      tags: ['uploads'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The upload', z.union([uploadSchema, setSchema])), '4xx': problem },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const upload = await records.findUpload(tenantOf(request), id);
      if (upload !== null) return uploadView(upload, links);
      const set = await records.sets.find(tenantOf(request), id);
      if (set === null) throw missingUpload(id);
      reply.header(offsetHeader, set.received);
      return setView(set, links);
    },
  });

  routes.delete('/v1/uploads/:id', {
    config: { access: 'generate' },
    schema: {
      operationId: 'deleteUpload',
      summary: 'Delete an upload that no waiting or running job uses',
      description: 'One that a waiting or running job uses answers 409. A training set may be on its way.',
      tags: ['uploads'],
      params: idParameter,
      response: { 204: z.undefined().describe('It is gone'), '4xx': problem },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const tenant = tenantOf(request);
      const picture = await records.pictures.deleteUpload(tenant, id);
      const outcome = picture === 'absent' ? await records.sets.delete(tenant, id) : picture;
      if (outcome === 'absent') throw missingUpload(id);
      if (outcome === 'in use') {
        const detail = `A job that waits or runs uses the upload ${id}: cancel it, or wait for its end.`;
        throw new ArmatureError('conflict', detail);
      }
      await deleteLeftovers(parts);
      return await reply.code(204).send();
    },
  });
}

async function keepUpload(
  { records, store, clock, settings, decoder }: ServerParts,
  tenant: string,
  bytes: Uint8Array,
  decodeFor: DecodeFor,
): Promise<Upload> {
  const { mediaType, width, height } = await decoder.verify(bytes, { ...decodeFor, limits: settings.limits.picture });
  const sha256 = await sha256Of(bytes);
  const key = uploadKey(tenant, sha256);
  const upload = await records.insertUpload({
    id: newUploadId(),
    tenant,
    picture: { key, sha256 },
    contentType: mediaType,
    bytes: bytes.length,
    width,
    height,
    createdAt: clock(),
  });
  // After the record, whose lock a deletion of the same bytes holds: what is stored now stays.
  if ((await store.stat(key)) === null) await store.put(key, bytes, mediaType);
  return upload;
}

async function beginSet({ parts }: RouteContext, request: FastifyRequest, reply: FastifyReply): Promise<SetUpload> {
  const tenant = tenantOf(request);
  if (isForm(request) || request.body instanceof Uint8Array) throw otherMediaType(request);
  const asked = check(setRequest, request.body ?? {});
  const { records } = parts;
  return await idempotently(parts, request, reply, {
    tenant,
    route: 'POST /v1/uploads?kind=set',
    fingerprint: async () => await sha256Of(Buffer.from(JSON.stringify([asked.size, asked.name]))),
    first: async (claim) => {
      const set = await makeSet(parts, tenant, asked);
      // Not in one transaction: a set without a byte in it that nobody knows of goes after a day.
      if (claim !== undefined) await records.idempotency.complete(claim, set.id);
      return set;
    },
    again: async (id) => await records.sets.find(tenant, id),
  });
}

/** The one file of a form, or the body itself. */
async function uploadedFile(
  request: FastifyRequest,
  limits: ServerLimits,
): Promise<{ readonly bytes: Uint8Array; readonly field: string }> {
  if (request.body instanceof Uint8Array) return { bytes: request.body, field: 'body' };
  if (!isForm(request)) {
    const detail = 'Expected a picture as the body (content type image/...) or as the file part of a multipart form.';
    throw new ArmatureError('unsupported_media_type', detail);
  }
  const { fields, files } = await readForm(request, limits);
  const [file] = files;
  if (file !== undefined && files.size === 1 && fields.size === 0) return { bytes: file[1], field: file[0] };
  const received = `${files.size} files and ${fields.size} text parts`;
  throw new ArmatureError('invalid_request', `Expected exactly one file part but received ${received}.`, {
    field: 'file',
  });
}
