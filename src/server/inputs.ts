import { createHash } from 'node:crypto';
import type { StoredPicture } from '../generation/plan.ts';
import { inputKey } from '../store/keys.ts';

/** Bytes that a request brings and that the store may not have yet. */
export interface NewObject {
  readonly stored: StoredPicture;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Bytes as an input of a tenant, kept by their content. */
export function newInput(tenant: string, bytes: Uint8Array, contentType: string): NewObject {
  const sha256 = sha256Of(bytes);
  return { stored: { key: inputKey(tenant, sha256), sha256 }, bytes, contentType };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function jsonBytes(data: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(data));
}
