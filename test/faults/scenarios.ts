import { g1 } from './g1.ts';
import { g10 } from './g10.ts';
import { g2 } from './g2.ts';
import { g3 } from './g3.ts';
import { g4 } from './g4.ts';
import { g5 } from './g5.ts';
import { g6 } from './g6.ts';
import { g7 } from './g7.ts';
import { g8 } from './g8.ts';
import { g9 } from './g9.ts';
import type { Scenario } from './harness/scenario.ts';
import { loop } from './loop.ts';

/** All scripts of `npm run faults`. */
export const scenarios: Readonly<Record<string, Scenario>> = { g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, loop };
