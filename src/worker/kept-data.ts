import { limits } from '../generation/limits.ts';

export type FoundData = Readonly<Record<string, unknown>> | undefined;

/**
 * What extractors found, as far as it fits into a job's result: `limits.dataBytes` as JSON for all of them together, in
 * their order. `names` are what a warning calls those that are left out.
 */
export function keptData(
  found: readonly FoundData[],
  names: readonly string[],
): { readonly kept: readonly FoundData[]; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  let left = limits.dataBytes;
  const kept = found.map((data, index) => {
    if (data === undefined) return undefined;
    const bytes = new TextEncoder().encode(JSON.stringify(data)).length;
    if (bytes <= left) {
      left -= bytes;
      return data;
    }
    warnings.push(
      `${names[index]}: what was found takes ${bytes} bytes as JSON and is left out: a job holds ${limits.dataBytes}.`,
    );
    return undefined;
  });
  return { kept, warnings };
}
