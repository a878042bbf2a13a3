import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { isObject } from '../../generation/field-names.ts';

type Transform = typeof jsonSchemaTransform;

/** Collects the description of every route that is registered after this one: OpenAPI 3.1, made from the real schemas. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Armature',
        version,
        description: 'Structure-guided image generation: Stable Diffusion with any number of ControlNets.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, where the server has any' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same in a header of its own' },
        },
      },
      security: [{ bearer: [] }, { header: [] }],
      tags: [
        'generations',
        'batches',
        'dead letters',
        'uploads',
        'conditions',
        'models',
        'webhooks',
        'keys',
        'operations',
        'health',
      ].map((name) => ({
        name,
      })),
    },
    transform: transformBodies,
    transformObject: jsonSchemaTransformObject,
  });
}

/** The type provider converts a body of one schema; one with a schema for each content type is converted piece by piece. */
const transformBodies: Transform = (document) => {
  const body: unknown = document.schema?.body;
  if (!isObject(body) || !isObject(body['content'])) return jsonSchemaTransform(document);
  const { body: _, ...rest } = document.schema;
  const transformed = jsonSchemaTransform({ ...document, schema: rest });
  const content = Object.entries(body['content']).map(([type, media]) => {
    const schema = isObject(media) ? media['schema'] : undefined;
    const converted = jsonSchemaTransform({ ...document, schema: { body: schema } }).schema;
    return [type, { schema: converted.body }];
  });
  return { ...transformed, schema: { ...transformed.schema, body: { content: Object.fromEntries(content) } } };
};
