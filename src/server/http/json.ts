import { type JsonSource, readJson, usualValues } from '../../json/read-json.ts';

/**
 * Parses JSON that came as a part of a form: as text or as a file, or parsed already where its type said what it is;
 * `invalid_request` that names the part where it cannot be.
 */
export async function readJsonPart(written: unknown, part: string, values: number = usualValues): Promise<unknown> {
  if (typeof written !== 'string' && !(written instanceof Uint8Array)) return written;
  const bytes = typeof written === 'string' ? Buffer.from(written) : written;
  return await readJson(bytes, { ...partSource(part), values });
}

/** How errors name a part, and whether its numbers are given back. */
export function partSource(part: string): JsonSource {
  return { subject: `the part ${part} to be JSON`, field: part, givenBack: part === 'metadata' };
}
