import { z } from 'zod';
import type { SetUpload } from '../../records/sets/set-upload.ts';
import type { Links } from '../http/links.ts';

export const setSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    kind: z.literal('set'),
    name: z.string().nullable(),
    content_type: z
      .enum(['application/zip', 'application/x-tar'])
      .nullable()
      .describe('By its first bytes; null before they are there'),
    bytes: z.int().nullable().describe('Of the whole archive; null until it was said'),
    received: z.int().describe('Bytes that are stored: the next one to send'),
    whole: z.boolean().describe('Whether all of it is there'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'SetUpload' });

export const setListSchema = z
  .object({ data: z.array(setSchema), next_cursor: z.string().nullable().describe('null on the last page') })
  .meta({ id: 'SetList' });

export type SetView = z.output<typeof setSchema>;

const mediaTypes = { zip: 'application/zip', tar: 'application/x-tar' } as const;

export function setView({ id, name, archive, size, received, whole, createdAt }: SetUpload, links: Links): SetView {
  return {
    id,
    url: links.upload(id),
    kind: 'set',
    name,
    content_type: archive === null ? null : mediaTypes[archive],
    bytes: size,
    received,
    whole,
    created_at: createdAt.toISOString(),
  };
}
