import { z } from 'zod';

export const invertOptions = z.strictObject({});
