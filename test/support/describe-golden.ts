import { existsSync } from 'node:fs';
import { describe, it } from 'vitest';
import { goldenPath } from './golden.ts';

/** Tests of a part of the references, which a set of GOLDEN_DIR may lack: then one test is skipped in their place. */
export function describeGolden(part: readonly string[], define: () => void | Promise<void>): void {
  const name = part.join('/');
  if (existsSync(goldenPath(...part))) describe(name, define);
  else it.skip(`${name}: this set has none`, () => {});
}
