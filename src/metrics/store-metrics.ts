import { Counter, Histogram, type Registry } from 'prom-client';
import type { ObjectStore } from '../store/store.ts';
import { liveGauge } from './live-gauge.ts';

export interface StoreMetrics {
  /** The same store, measured. */
  observed(store: ObjectStore): ObjectStore;
  /** From now on `read` says how many bytes are left; null where nobody knows. */
  watchRoom(read: () => Promise<number | null>): void;
}

export function storeMetrics(registers: Registry[]): StoreMetrics {
  const operations = new Histogram({
    name: 'armature_store_operation_seconds',
    help: 'Time of operations of the object store; of read, until its first byte.',
    labelNames: ['operation', 'outcome'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
  });
  const bytes = new Counter({
    name: 'armature_store_bytes_total',
    help: 'Bytes that were put into the object store, and got from it whole.',
    labelNames: ['operation'],
    registers,
  });
  let room: () => Promise<number | null> = async () => null;
  liveGauge({
    name: 'armature_store_free_bytes',
    help: 'Room that is left where the results are kept. Absent where the store does not tell.',
    registers,
    async read() {
      const value = await room();
      return value === null ? [] : [{ value }];
    },
  });

  const timed = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const end = operations.startTimer({ operation });
    try {
      const result = await work();
      end({ outcome: 'ok' });
      return result;
    } catch (error) {
      end({ outcome: 'error' });
      throw error;
    }
  };

  return {
    observed: (store) => ({
      ...store,
      put: (key, content, contentType) =>
        timed('put', async () => {
          await store.put(key, content, contentType);
          bytes.inc({ operation: 'put' }, content.length);
        }),
      get: (key) =>
        timed('get', async () => {
          const content = await store.get(key);
          bytes.inc({ operation: 'get' }, content.length);
          return content;
        }),
      stat: (key) => timed('stat', () => store.stat(key)),
      read: (key, range) => timed('read', () => store.read(key, range)),
      delete: (key) => timed('delete', () => store.delete(key)),
      deleteAll: (prefix) => timed('delete', () => store.deleteAll(prefix)),
    }),
    watchRoom(read) {
      room = read;
    },
  };
}
