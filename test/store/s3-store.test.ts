import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Error } from '../../src/store/s3-errors.ts';
import { openS3Store, type S3Place } from '../../src/store/s3-store.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { s3Credentials, s3Missing, type S3Server, startS3 } from '../support/servers.ts';
import { storeConformance } from './conformance.ts';

/** On a busy machine an answer may take its time. */
const patient = { connectTimeout: 5000, answerTimeout: 20_000 };
const placeIn = ({ bucket, url }: S3Server, changes: Partial<S3Place> = {}): S3Place => ({
  bucket,
  prefix: randomUUID(),
  region: 'us-east-1',
  endpoint: url,
  forcePathStyle: true,
  ...changes,
});

Object.assign(process.env, s3Credentials);

describe.skipIf(s3Missing !== null)(`a bucket of an S3 server ${s3Missing ?? ''}`, () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.stop());

  storeConformance('a part of a bucket', () => openS3Store(placeIn(server), patient));
  storeConformance('a whole bucket', () => openS3Store(placeIn(server, { prefix: '' }), patient));

  it('knows the types of its objects, and has them below its prefix', async () => {
    const place = placeIn(server, { prefix: 'some/where' });
    await (await openS3Store(place, patient)).put('a/0.webp', Buffer.from('x'), 'image/webp');
    const client = new S3Client({ region: place.region, endpoint: server.url, forcePathStyle: true });
    const found = await client.send(new GetObjectCommand({ Bucket: server.bucket, Key: 'some/where/a/0.webp' }));
    expect(found.ContentType).toBe('image/webp');
    found.Body?.transformToByteArray().catch(() => {});
    client.destroy();
  });

  it('deletes and lists more objects than a page holds', async () => {
    const store = await openS3Store(placeIn(server), patient);
    for (let start = 0; start < 1050; start += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.put(`many/${start + i}`, Buffer.from('x'), 'text/plain')),
      );
    }
    const count = async (): Promise<number> => {
      let found = 0;
      for await (const { key } of store.list('many/')) found += key.startsWith('many/') ? 1 : 0;
      return found;
    };
    expect(await count()).toBe(1050);
    await store.deleteAll('many/');
    expect(await count()).toBe(0);
  });

  it('is refused at the start where it is not there, or where the credentials are wrong', async () => {
    const missing = openS3Store(placeIn(server, { bucket: 'another' }), patient);
    await expect(missing).rejects.toMatchObject({ code: 'invalid_config', field: 's3-bucket' });
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';
    try {
      const strange = openS3Store(placeIn(server), patient);
      await expect(strange).rejects.toMatchObject({ code: 'invalid_config', field: 's3-bucket' });
    } finally {
      Object.assign(process.env, s3Credentials);
    }
  });
});

describe.skipIf(s3Missing !== null)(`an S3 server that goes away ${s3Missing ?? ''}`, () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.stop());
  const away = expect.objectContaining({ code: 'unavailable' });

  it('is unavailable while it is down, hangs or cannot be reached, and goes on when it is back', async () => {
    const store = await openS3Store(placeIn(server), { connectTimeout: 3000, answerTimeout: 4000 });
    const operations = {
      put: () => store.put('a/b', Buffer.from('x'), 'text/plain'),
      get: () => store.get('a/kept'),
      stat: () => store.stat('a/b'),
      read: () => store.read('a/b'),
      delete: () => store.delete('a/b'),
      deleteAll: () => store.deleteAll('b/'),
      ping: () => store.ping(),
    };
    const expectAway = async (): Promise<void> => {
      await Promise.all(
        Object.entries(operations).map(
          async ([name, operation]) => await expect(operation(), name).rejects.toEqual(away),
        ),
      );
    };
    await server.kill();
    await expectAway();
    await server.restart();
    await expect
      .poll(() => store.put('a/kept', Buffer.from('kept'), 'text/plain').then(() => 'put'), { timeout: 20_000 })
      .toBe('put');
    server.pause();
    await expectAway();
    server.resume();
    // What was given up may still happen there.
    await expect.poll(async () => (await store.get('a/kept')).length, { timeout: 20_000 }).toBe(4);
  }, 60_000);

  it('breaks a stream off with an error, never with an end', async () => {
    const store = await openS3Store(placeIn(server), patient);
    await store.put('a/large', Buffer.alloc(32 * 2 ** 20, 1), 'application/octet-stream');
    const stream = await store.read('a/large');
    await server.kill();
    await expect(buffer(stream)).rejects.toThrow();
    await server.restart();
  }, 60_000);

  it('is named where it does not answer at the start', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const opening = openS3Store(placeIn(server, { endpoint }), { connectTimeout: 100, answerTimeout: 300 });
    await expect(opening).rejects.toEqual(away);
    await expect(opening).rejects.toThrow(new URL(endpoint).host);
    silent.close();
  });
});

describe('an S3 server that answers a put with a conflict', () => {
  async function storeWith(conflicts: number): Promise<{ store: ObjectStore; puts: () => number; stop: () => void }> {
    let puts = 0;
    const server = createHttpServer((request, response) => {
      request.resume();
      if (request.method === 'PUT') puts += 1;
      response.writeHead(request.method === 'PUT' && puts <= conflicts ? 409 : 200).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const place: S3Place = { bucket: 'any', prefix: '', region: 'us-east-1', endpoint, forcePathStyle: true };
    return { store: await openS3Store(place, patient), puts: () => puts, stop: () => server.close() };
  }

  it('gets it again', async () => {
    const { store, puts, stop } = await storeWith(3);
    await store.put('a/0.png', Buffer.from('x'), 'image/png');
    expect(puts()).toBe(4);
    stop();
  });

  it('is unavailable where it never does anything else', async () => {
    const { store, puts, stop } = await storeWith(Infinity);
    await expect(store.put('a/0.png', Buffer.from('x'), 'image/png')).rejects.toMatchObject({ code: 'unavailable' });
    expect(puts()).toBe(5);
    stop();
  });
});

/** A disk of a few megabytes; only root may mount one. */
const disk = mkdtempSync(join(tmpdir(), 'armature-s3-disk-'));
const mounted = s3Missing === null && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status === 0;

describe.skipIf(!mounted)(
  `an S3 server whose disk is full ${mounted ? '' : '(skipped: needs versitygw and root)'}`,
  () => {
    let server: S3Server;
    beforeAll(async () => {
      server = await startS3(join(disk, 'server'));
    });
    afterAll(async () => {
      await server.stop();
      spawnSync('umount', [disk]);
      rmSync(disk, { recursive: true, force: true });
    });

    it('has no room; what was there is whole, and nothing half written stays', async () => {
      const store = await openS3Store(placeIn(server), patient);
      const kept = randomBytes(400_000);
      await store.put('a/0.png', kept, 'image/png');
      await expect(store.put('a/1.png', randomBytes(6_000_000), 'image/png')).rejects.toMatchObject({
        code: 'storage_full',
      });
      expect(await store.stat('a/1.png')).toBeNull();
      expect(Buffer.compare(await store.get('a/0.png'), kept)).toBe(0);
    });
  },
);

describe('what an answer of an S3 server means', () => {
  const answer = (name: string, httpStatusCode: number) =>
    Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

  it.each([
    ['NoSuchKey', 404, 'not_found'],
    ['InvalidRange', 416, 'range_not_satisfiable'],
    ['QuotaExceeded', 403, 'storage_full'],
    ['XMinioStorageFull', 507, 'storage_full'],
    ['Unknown', 507, 'storage_full'],
    ['SlowDown', 503, 'unavailable'],
    ['AccessDenied', 403, 'unavailable'],
    ['NoSuchBucket', 404, 'unavailable'],
  ])('%s (%i) is %s', (name, status, code) => {
    expect(s3Error(answer(name, status), 'a/b')).toMatchObject({ code });
  });
});
