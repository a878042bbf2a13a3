import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { isObject } from '../../generation/request/field-names.ts';
import { oneNameEach, plainly } from './openapi-components.ts';

const zodToJsonConfig = { override: plainly };
const transform = createJsonSchemaTransform({ zodToJsonConfig });
const transformObject = createJsonSchemaTransformObject({ zodToJsonConfig });

const tags: Readonly<Record<string, string>> = {
  generations: 'Drawing pictures: jobs, their events, outputs, maps and sources',
  batches: 'Many generations that are made, followed and fetched together',
  'dead letters': 'Jobs that failed because of faults, not because of their requests',
  uploads: 'Pictures that requests refer to by id',
  conditions: 'Kinds of structure that steer a picture, and maps alone',
  trainings: 'Making ControlNets and LoRAs from sets of pictures',
  upscales: 'Making pictures larger',
  models: 'What pictures are drawn with',
  webhooks: 'What receivers were told, or are to be told',
  keys: 'API keys: who may ask for what, and how much of it',
  operations: 'What those see who look after the service',
  health: 'Whether the service answers and can do its work',
};

/**
 * Collects the description of every route that is registered after this one: OpenAPI 3.1, made from the real schemas. Those
 * with an `id` are its components.
 *
 * @param publicUrl where clients find the server; null: where they found the description
 */
export async function describeApi(app: FastifyInstance, version: string, publicUrl: string | null): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Armature',
        version,
        description: 'Structure-guided image generation: Stable Diffusion with any number of ControlNets.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: publicUrl ?? '/', description: 'This server' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, where the server has any' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same in a header of its own' },
          signed: {
            type: 'apiKey',
            in: 'query',
            name: 'signature',
            description: 'The address as a whole comes from POST /v1/signed-urls',
          },
        },
      },
      security: [{ bearer: [] }, { header: [] }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    },
    transform: transformBodies,
    transformObject: (document) => oneNameEach(transformObject(document)),
  });
}

/** The type provider converts a body of one schema; one with a schema for each content type is converted piece by piece. */
const transformBodies: typeof transform = (document) => {
  const body: unknown = document.schema?.body;
  if (!isObject(body) || !isObject(body['content'])) return transform(document);
  const { body: _, ...rest } = document.schema;
  const transformed = transform({ ...document, schema: rest });
  const content = Object.entries(body['content']).map(([type, media]) => {
    const schema = isObject(media) ? media['schema'] : undefined;
    const converted = transform({ ...document, schema: { body: schema } }).schema;
    return [type, { schema: converted.body }];
  });
  return { ...transformed, schema: { ...transformed.schema, body: { content: Object.fromEntries(content) } } };
};
