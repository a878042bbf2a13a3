import { z } from 'zod';

export const inpaintOptions = z.strictObject({});
