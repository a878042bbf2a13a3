import type { StoredPicture } from '../../generation/plan-references.ts';
import type { UploadTable } from '../schema/schema.ts';
import type { Selectable } from 'kysely';

export interface Upload {
  readonly id: string;
  readonly tenant: string;
  readonly picture: StoredPicture;
  readonly contentType: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly createdAt: Date;
}

export function uploadFromRow(row: Selectable<UploadTable>): Upload {
  return {
    id: row.id,
    tenant: row.tenant,
    picture: { key: row.key, sha256: row.sha256 },
    contentType: row.content_type,
    bytes: row.bytes,
    width: row.width,
    height: row.height,
    createdAt: row.created_at,
  };
}
