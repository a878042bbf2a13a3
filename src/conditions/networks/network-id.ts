import { z } from 'zod';

/** Ids of annotators as their folders are called: nothing that leads anywhere else. */
const annotatorId = /^[a-z0-9][a-z0-9._-]*$/;

/** Which network looks at the photograph: that of the package, or a pulled one by its id. */
export const networkId = z.string().max(100).regex(annotatorId, { error: 'expected the id of an annotator' });
