import { z } from 'zod';
import { ArmatureError, type ErrorCode, errorCodes, type SerializedError } from '../../errors.ts';
import type { ErrorFacts, WrittenError } from './error-writer.ts';

export const problemType = 'application/problem+json';

/** RFC 9457 problem details. `code` is stable; titles and details may change. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:armature:problem: and the code'),
    title: z.string(),
    status: z.int(),
    code: z.enum(errorCodeNames()).describe('Stable name of the kind of error'),
    detail: z.string().describe('What was expected, what was received and what to do'),
    field: z.string().optional().describe('Path of the field at fault, such as controls[0].scale'),
    choices: z.array(z.string()).optional().describe('What would have been accepted'),
    errors: z
      .array(z.object({ code: z.enum(errorCodeNames()), detail: z.string(), field: z.string() }))
      .optional()
      .describe('Of a batch: what is wrong with its items, at most 20 of them'),
    instance: z.string().optional().describe('Id of the request, as in the X-Request-Id header'),
    job: z.string().optional().describe('Address of the job that failed'),
    checks: z.record(z.string(), z.unknown()).optional().describe('Of /readyz: state of each part'),
  })
  .meta({ id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;

/** The error writer of our own API. */
export function writeProblem(error: ArmatureError, { request, status }: ErrorFacts): WrittenError {
  const problem = toProblem(error, request);
  const sent = status === undefined ? problem : { ...problem, status };
  return { status: sent.status, headers: { 'content-type': problemType }, body: sent };
}

function toProblem(error: ArmatureError, instance: string | undefined): Problem {
  return {
    ...problemOf({
      code: error.code,
      detail: error.message,
      ...(error.field === undefined ? {} : { field: error.field }),
    }),
    ...(error.choices === undefined ? {} : { choices: [...error.choices] }),
    ...(error.errors === undefined ? {} : { errors: [...error.errors] }),
    ...(instance === undefined ? {} : { instance }),
  };
}

/** The problem that a job's stored error amounts to. */
export function problemOf({ code, detail, field }: SerializedError): Problem {
  const { status, title } = errorCodes[code];
  return {
    type: `urn:armature:problem:${code}`,
    title,
    status,
    code,
    detail,
    ...(field === undefined ? {} : { field }),
  };
}

function errorCodeNames(): readonly [ErrorCode, ...ErrorCode[]] {
  return Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];
}
