import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { DecodeFor } from '../../images/decoder/decoder.ts';
import { newUploadId } from '../../records/schema/ids.ts';
import type { Upload } from '../../records/pictures/uploads.ts';
import { uploadKey } from '../../store/keys.ts';
import { holderOf } from '../access/guard.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { deleteLeftovers } from '../jobs/delete-leftovers.ts';
import { isForm, readForm } from '../http/form.ts';
import type { ServerLimits } from '../parts/limits.ts';
import { idempotently } from '../submissions/idempotency.ts';
import { sha256Of } from '../../json/canonical-hash.ts';
import type { ServerParts } from '../parts/parts.ts';
import { uploadSchema, uploadView } from '../views/upload-view.ts';
import { uploadForm } from './form-schemas.ts';
import { idempotencyHeaders, idParameter, json, problem, tenantQuery } from './schemas.ts';
import { unchecked } from './submission-route.ts';

const binary = z.string().meta({ format: 'binary' });

/** Pictures that later requests refer to by id. */
export function uploadRoutes(instance: FastifyInstance, { parts, links }: RouteContext): void {
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
      summary: 'Keep a picture; the same bytes get the same id',
      description: 'Requests refer to it by its id. The body is the picture itself or a form with one file.',
      tags: ['uploads'],
      headers: idempotencyHeaders,
      body: {
        content: { 'multipart/form-data': { schema: uploadForm }, 'image/*': { schema: binary } },
      },
      response: { 201: json('It is kept; Location is its address', uploadSchema), '4xx': problem, '5xx': problem },
    },
    ...unchecked,
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
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
      description: 'Its type, its size in bytes and in pixels, and its hash.',
      tags: ['uploads'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The upload', uploadSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { id } = request.params;
      const upload = await records.findUpload(tenantOf(request), id);
      if (upload !== null) return uploadView(upload, links);
      throw missingUpload(id);
    },
  });

  routes.delete('/v1/uploads/:id', {
    config: { access: 'generate' },
    schema: {
      operationId: 'deleteUpload',
      summary: 'Delete an upload that no waiting or running job uses',
      description: 'One that a waiting or running job uses answers 409.',
      tags: ['uploads'],
      params: idParameter,
      response: { 204: z.undefined().describe('It is gone'), '4xx': problem },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const outcome = await records.pictures.deleteUpload(tenantOf(request), id);
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

function missingUpload(id: string): ArmatureError {
  return new ArmatureError('not_found', `There is no upload ${JSON.stringify(id.slice(0, 100))}.`);
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
