import { z } from 'zod';

export const modelReference = z
  .object({ id: z.string(), hash: z.string().describe('Tells two models of one name apart') })
  .meta({ id: 'ModelReference' });

export const sha256 = z.string().describe('SHA-256 of the bytes, in hexadecimal');

/** Another seed, and how far on the way to its noise a picture began. */
export const variationView = z.object({ seed: z.int(), strength: z.number() }).meta({ id: 'EffectiveVariation' });
