import { z } from 'zod';
import type { Upload } from '../../records/pictures/uploads.ts';
import type { Links } from '../http/links.ts';

export const uploadSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    content_type: z.string(),
    bytes: z.int(),
    width: z.int(),
    height: z.int(),
    sha256: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Upload' });

export type UploadView = z.output<typeof uploadSchema>;

export function uploadView(upload: Upload, links: Links): UploadView {
  return {
    id: upload.id,
    url: links.upload(upload.id),
    content_type: upload.contentType,
    bytes: upload.bytes,
    width: upload.width,
    height: upload.height,
    sha256: upload.picture.sha256,
    created_at: upload.createdAt.toISOString(),
  };
}
