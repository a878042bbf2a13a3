import { armature } from './armature/armature.ts';
import type { Dialect } from './contract/dialect.ts';

/** Every dialect that the server speaks. A new one is one folder and one row here. */
export const dialects: readonly Dialect[] = [armature];
