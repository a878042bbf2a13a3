import type { StoredPicture } from '../../generation/plan-references.ts';
import { inputKey } from '../../store/keys.ts';
import { sha256Of } from '../../json/canonical-hash.ts';

/** Bytes that a request brings and that the store may not have yet. */
export interface NewObject {
  readonly stored: StoredPicture;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Bytes as an input of a tenant, kept by their content. */
export async function newInput(tenant: string, bytes: Uint8Array, contentType: string): Promise<NewObject> {
  const sha256 = await sha256Of(bytes);
  return { stored: { key: inputKey(tenant, sha256), sha256 }, bytes, contentType };
}

export function jsonBytes(data: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(data));
}
