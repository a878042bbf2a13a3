import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { check } from '../../generation/parse.ts';

/** Checks parameters, query and headers against their zod schemas; a fault is an `invalid_request` that names the field. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema }) => checkedBy(schema);

export function checkedBy(schema: z.ZodType): (value: unknown) => { value: unknown } | { error: Error } {
  return (value) => {
    try {
      return { value: check(schema, value) };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
}
