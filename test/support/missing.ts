/**
 * What a suite adds to its name where a program is not installed that it needs, or null. In CI nothing is left out: there the
 * suite runs, and fails for want of the program, which `.ci/run` installs.
 */
export function missing(program: string, found: string | null | undefined): string | null {
  const installed = found !== undefined && found !== null;
  return installed || process.env['CI'] === 'true' ? null : `skipped: no ${program} is installed`;
}

/** The path of a program that {@link missing} found, or an error that names it. */
export function installed(program: string, found: string | null | undefined): string {
  if (found === undefined || found === null) throw new Error(`No ${program} is installed: .ci/run installs it.`);
  return found;
}
