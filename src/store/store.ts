import type { Readable } from 'node:stream';

/**
 * Bytes under keys such as `tenants/default/generations/gen_.../1/0.png`. A put is atomic: a reader sees all of it or
 * nothing, also after the process or the machine was stopped in the middle.
 */
export interface ObjectStore {
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** The whole object; `not_found` where there is none. */
  get(key: string): Promise<Uint8Array>;
  stat(key: string): Promise<ObjectStat | null>;
  /** Bytes `start` to `end`, both included. */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  delete(key: string): Promise<void>;
  /** Every object whose key starts with `prefix`, which ends with a slash. */
  deleteAll(prefix: string): Promise<void>;
  /** Every object whose key starts with `prefix`, in no order; one that comes or goes meanwhile may be left out. */
  list(prefix: string): AsyncIterable<ListedObject>;
  ping(): Promise<void>;
  /** Bytes that still find room; null where the store doesn't tell. */
  room(): Promise<number | null>;
}

export interface ObjectStat {
  readonly bytes: number;
}

export interface ListedObject extends ObjectStat {
  readonly key: string;
  readonly modifiedAt: Date;
}
