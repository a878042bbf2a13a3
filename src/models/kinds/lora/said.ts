import type { z } from 'zod';
import { distilledField } from '../contract/distilled-field.ts';

/** What an installation may say of a LoRA; armature.json may say the same. */
export const loraTold = { list: 'loras', fields: { ...distilledField } } as const;

export type LoraTold = z.output<z.ZodObject<(typeof loraTold)['fields']>>;
