import { type JsonSource, readJson } from '../json/read-json.ts';

export { longestNesting } from '../json/json-steps.ts';

/** Parses JSON that came as a part of a form; `invalid_request` that names the part where it cannot be. */
export async function readJsonPart(written: string | Uint8Array, part: string, values?: number): Promise<unknown> {
  const bytes = typeof written === 'string' ? Buffer.from(written) : written;
  return await readJson(bytes, { ...partSource(part), ...(values === undefined ? {} : { values }) });
}

/** How errors name a part, and whether its numbers are given back. */
export function partSource(part: string): JsonSource {
  return { subject: `the part ${part} to be JSON`, field: part, givenBack: part === 'metadata' };
}
