import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/store.ts';
import { writeObjectsToFile } from '../../src/store/write-file.ts';

/** What every object store must do. */
export function storeConformance(name: string, open: () => Promise<ObjectStore>): void {
  describe(`objects in ${name}`, () => {
    let store: ObjectStore;
    beforeAll(async () => {
      store = await open();
    });
    const freshPrefix = (): string => `tenants/default/generations/gen_${randomUUID()}/`;
    const coded = (code: string) => expect.objectContaining({ code });

    it('gives back what was put', async () => {
      const key = `${freshPrefix()}1/0.png`;
      const bytes = randomBytes(300_000);
      await store.put(key, bytes, 'image/png');
      expect(Buffer.compare(await store.get(key), bytes)).toBe(0);
      expect(Buffer.compare(await buffer(await store.read(key)), bytes)).toBe(0);
      expect(await store.stat(key)).toEqual({ bytes: 300_000 });
    });

    it('says how much room is left, where it knows', async () => {
      const room = await store.room();
      expect(room === null || (Number.isSafeInteger(room) && room > 0)).toBe(true);
    });

    it('gives objects one behind another into a file, or no file', async () => {
      const prefix = freshPrefix();
      const folder = await mkdtemp(join(tmpdir(), 'armature-store-'));
      try {
        const pieces = [randomBytes(200_000), Buffer.alloc(0), randomBytes(70_000)];
        const objects = pieces.map((piece, index) => ({ key: `${prefix}${index}.1`, bytes: piece.length }));
        for (const [index, piece] of pieces.entries()) await store.put(objects[index]!.key, piece, 'text/plain');
        const path = join(folder, 'whole');
        const never = new AbortController().signal;
        await writeObjectsToFile(store, objects, path, never);
        expect((await readFile(path)).equals(Buffer.concat(pieces))).toBe(true);
        const other = join(folder, 'other');
        const short = [objects[0]!, { ...objects[2]!, bytes: 70_001 }];
        await expect(writeObjectsToFile(store, short, other, never)).rejects.toEqual(coded('unavailable'));
        const gone = [objects[0]!, { key: `${prefix}9.1`, bytes: 5 }];
        await expect(writeObjectsToFile(store, gone, other, never)).rejects.toEqual(coded('not_found'));
        await expect(writeObjectsToFile(store, objects, other, AbortSignal.abort(new Error('no')))).rejects.toThrow(
          'no',
        );
        expect(await readdir(folder)).toEqual(['whole']);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    it('keeps an object of no bytes', async () => {
      const key = `${freshPrefix()}empty`;
      await store.put(key, new Uint8Array(), 'application/octet-stream');
      expect(await store.stat(key)).toEqual({ bytes: 0 });
      expect(await store.get(key)).toHaveLength(0);
    });

    it('puts over what was there', async () => {
      const key = `${freshPrefix()}0.png`;
      await store.put(key, Buffer.from('a longer first version'), 'image/png');
      await store.put(key, Buffer.from('second'), 'image/png');
      expect(Buffer.from(await store.get(key)).toString()).toBe('second');
    });

    it('shows readers one version or the other while it is put over', async () => {
      const key = `${freshPrefix()}0.png`;
      const versions = [Buffer.alloc(200_000, 1), Buffer.alloc(200_000, 2)];
      await store.put(key, versions[0]!, 'image/png');
      const writes = Array.from({ length: 10 }, (_, index) => store.put(key, versions[index % 2]!, 'image/png'));
      const reads = await Promise.all(Array.from({ length: 20 }, () => store.get(key)));
      await Promise.all(writes);
      for (const read of reads) {
        expect(versions.some((version) => Buffer.compare(version, read) === 0)).toBe(true);
      }
    });

    it('reads ranges, both ends included', async () => {
      const key = `${freshPrefix()}0.png`;
      await store.put(key, Buffer.from('0123456789'), 'image/png');
      const read = async (start: number, end: number) =>
        (await buffer(await store.read(key, { start, end }))).toString();
      expect(await read(0, 0)).toBe('0');
      expect(await read(3, 5)).toBe('345');
      expect(await read(8, 99)).toBe('89');
      await expect(store.read(key, { start: 10, end: 12 })).rejects.toEqual(coded('range_not_satisfiable'));
      await expect(store.read(key, { start: 5, end: 4 })).rejects.toEqual(coded('range_not_satisfiable'));
    });

    it('says not_found of what is not there', async () => {
      const prefix = freshPrefix();
      await store.put(`${prefix}a/b`, Buffer.from('x'), 'text/plain');
      for (const key of [`${prefix}c`, `${prefix}a`, `${prefix}a/b/c`]) {
        await expect(store.get(key)).rejects.toEqual(coded('not_found'));
        await expect(store.read(key)).rejects.toEqual(coded('not_found'));
        expect(await store.stat(key)).toBeNull();
        await store.delete(key);
      }
      expect(await store.stat(`${prefix}a/b`)).toEqual({ bytes: 1 });
    });

    it('deletes one object, and all below a prefix', async () => {
      const [prefix, other] = [freshPrefix(), freshPrefix()];
      for (const key of [`${prefix}1/0.png`, `${prefix}1/1.png`, `${prefix}maps/0.png`, `${other}0.png`]) {
        await store.put(key, Buffer.from(key), 'image/png');
      }
      await store.delete(`${prefix}1/0.png`);
      expect(await store.stat(`${prefix}1/0.png`)).toBeNull();
      expect(await store.stat(`${prefix}1/1.png`)).not.toBeNull();
      await store.deleteAll(prefix);
      await store.deleteAll(prefix);
      expect(await store.stat(`${prefix}1/1.png`)).toBeNull();
      expect(await store.stat(`${prefix}maps/0.png`)).toBeNull();
      expect(await store.stat(`${other}0.png`)).not.toBeNull();
    });

    it('lists what is below a prefix', async () => {
      const prefix = freshPrefix();
      const names = ['1/0.png', '1/maps/0.png', 'a'];
      for (const name of names) await store.put(prefix + name, Buffer.from(name), 'image/png');
      const found = await collect(store.list(prefix));
      expect(found.map(({ key }) => key).toSorted()).toEqual(names.map((name) => prefix + name));
      expect(found.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1 + 7 + 12);
      for (const { modifiedAt } of found) expect(Math.abs(Date.now() - modifiedAt.getTime())).toBeLessThan(60_000);
      expect(await collect(store.list(`${prefix}1/maps/`))).toHaveLength(1);
      expect(await collect(store.list(`${prefix}none/`))).toEqual([]);
    });

    it('gives up on a stream that nobody reads to its end', async () => {
      const key = `${freshPrefix()}large`;
      await store.put(key, Buffer.alloc(8 * 2 ** 20, 7), 'application/octet-stream');
      for (let i = 0; i < 100; i += 1) {
        const stream = await store.read(key);
        await once(stream, 'readable');
        stream.destroy();
      }
      expect(await store.stat(key)).toEqual({ bytes: 8 * 2 ** 20 });
    });

    it('puts while the folder of the object is deleted', async () => {
      const prefix = freshPrefix();
      const key = (index: number): string => `${prefix}${index}/a/b/0.png`;
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          await store.put(key(index % 3), Buffer.from('x'), 'image/png');
          await store.deleteAll(`${prefix}${index % 3}/`);
        }),
      );
      expect(await store.stat(key(0))).toBeNull();
    });

    const badKeys = [
      '',
      '/',
      'a//b',
      '/a',
      'a/',
      '.',
      '..',
      'a/../b',
      '../a',
      'a/./b',
      'a\\b',
      'a b',
      'a\0b',
      'ä',
      'a:b',
      'x'.repeat(256),
    ];
    it.each(badKeys)('refuses the key %j', async (key) => {
      const refused = coded('invalid_request');
      await expect(store.put(key, Buffer.from('x'), 'text/plain')).rejects.toEqual(refused);
      await expect(store.get(key)).rejects.toEqual(refused);
      await expect(store.read(key)).rejects.toEqual(refused);
      await expect(store.stat(key)).rejects.toEqual(refused);
      await expect(store.delete(key)).rejects.toEqual(refused);
      await expect(store.deleteAll(`${key}/`)).rejects.toEqual(refused);
    });

    it('refuses a prefix that is part of a name', async () => {
      await expect(store.deleteAll('tenants/default')).rejects.toEqual(coded('invalid_request'));
    });

    it('answers', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
