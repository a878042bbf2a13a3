import type { Finding } from './finding.ts';
import type { inspect } from './inspect.ts';

/** What is told to the child that looks into models: which candidate, as `inspect` is asked. */
export interface ToInspector {
  readonly id: number;
  readonly asked: Parameters<typeof inspect>;
}

/** What it found, under the same number. */
export interface FromInspector {
  readonly id: number;
  readonly finding: Finding;
}
