/** The first rule whose pattern fits the whole name renames it; null where none does. */
export type RenameRule = readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string | null)];

export function rename(name: string, rules: readonly RenameRule[]): string | null {
  for (const [pattern, replacement] of rules) {
    const match = pattern.exec(name);
    if (match === null) continue;
    return typeof replacement === 'string' ? name.replace(pattern, replacement) : replacement(...match.slice(1));
  }
  return null;
}
