import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { eraseTenant } from '../../src/retention/erase-tenant.ts';
import { openS3Store } from '../../src/store/s3-store.ts';
import { checkpointKey } from '../../src/store/keys.ts';
import { type Application, finishJob, openApplication, pictureFile } from '../server/application.ts';
import { postgresMissing, s3Credentials, s3Missing, startPostgres, startS3 } from '../support/servers.ts';
import { secret } from '../webhooks/receiver.ts';

/** Where an application keeps things, and the folder on the disk that its objects are in. */
interface Places {
  readonly application: Application;
  readonly disk: string;
  readonly close: () => Promise<void>;
}

async function embedded(): Promise<Places> {
  const application = await openApplication();
  return { application, disk: application.folder, close: application.close };
}

async function servers(): Promise<Places> {
  Object.assign(process.env, s3Credentials);
  const disk = mkdtempSync(join(tmpdir(), 'armature-nothing-left-'));
  const [postgres, s3] = await Promise.all([startPostgres(), startS3(disk)]);
  const place = { bucket: s3.bucket, prefix: 'armature', region: 'us-east-1', endpoint: s3.url, forcePathStyle: true };
  const store = await openS3Store(place, { connectTimeout: 5000, answerTimeout: 20_000 });
  const application = await openApplication({ postgresUrl: postgres.url, store });
  const close = async (): Promise<void> => {
    await application.close();
    await Promise.all([postgres.stop(), s3.stop()]);
  };
  return { application, disk, close };
}

const missing = postgresMissing ?? s3Missing;
suite('the embedded database and a folder', embedded, null);
suite('PostgreSQL and a bucket', servers, missing);

function suite(title: string, open: () => Promise<Places>, skipped: string | null): void {
  describe.skipIf(skipped !== null)(`what stays in ${title} ${skipped ?? ''}`, () => {
    let places: Places;
    beforeAll(async () => {
      places = await open();
    });
    afterAll(async () => await places.close());

    /** Where any of these words stand: tables of all schemas, `file` for a name or the bytes of a file on the disk. */
    async function whereabouts(words: readonly string[]): Promise<readonly string[]> {
      const stands = (text: string): boolean => words.some((word) => text.includes(word));
      const { query } = places.application;
      const found: string[] = [];
      const tables = await query<{ name: string }>(`
        select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1`);
      for (const { name } of tables) {
        const rows = await query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} as t`);
        if (rows.some(({ row }) => stands(row))) found.push(name);
      }
      const files = readdirSync(places.disk, { recursive: true, withFileTypes: true }).map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return relative(places.disk, path) + (entry.isFile() ? readFileSync(path, 'latin1') : '');
      });
      return files.some(stands) ? [...found, 'file'] : found;
    }

    let photos = 0;
    const photo = async (): Promise<{ readonly data: string }> => {
      photos += 1;
      return { data: (await pictureFile('png', 40 + photos, 30)).toString('base64') };
    };

    /** A tenant that has done all that one can do. Words that it alone has said, and a job that has ended. */
    async function busyTenant(tenant: string, word: string) {
      const { application } = places;
      const { records, store, queue } = application.parts;
      const untilQueued = async (id: string): Promise<void> =>
        await expect.poll(() => queue.holds(id), { timeout: 30_000 }).toBe(true);
      const scopes = ['generate', 'read'];
      const quota = { cost: 1e12, window: 'day' };
      const request = keyRequest.parse({ name: `clerk ${word}`, tenant, scopes, quota });
      const { key, text } = await issueKey(records.keys, request);
      const fetcher = createFetcher({ resolve: async () => [{ address: '93.184.215.14', family: 4 }] });
      const app = await application.rebuild({ fetcher });
      const call = async (method: 'POST' | 'DELETE' | 'GET', url: string, payload?: object, headers: object = {}) => {
        const response = await app.inject({
          method,
          url,
          headers: { authorization: `Bearer ${text}`, ...headers },
          ...(payload === undefined ? {} : { payload }),
        });
        expect(response.statusCode, response.body).toBeLessThan(300);
        return response.body === '' ? { id: '' } : response.json<{ readonly id: string }>();
      };
      const webhook = { url: `https://example.com/${word}`, secret };
      const body = { prompt: `a cube, ${word}`, metadata: { order: word }, webhook };
      const drawing = { ...body, controls: [{ type: 'canny', image: await photo() }] };
      const ended = await call('POST', '/v1/generations', drawing, { 'idempotency-key': `key ${word}` });
      await untilQueued(ended.id);
      const { attempt } = await finishJob(application, { id: ended.id, tenant });
      // As a worker does that has drawn it.
      await queue.remove(ended.id);
      const checkpoint = checkpointKey({ tenant, id: ended.id, attempt });
      await store.put(checkpoint, Buffer.from('latents'), 'application/octet-stream');
      const failed = await call('POST', '/v1/generations', { ...body, seed: 2 });
      const failing = (await records.startAttempt(tenant, failed.id))!;
      await records.failAttempt(failed.id, failing.attempt, { code: 'device_lost', detail: `fails: ${word}` });
      const picture = Buffer.from((await photo()).data, 'base64');
      const upload = await call('POST', '/v1/uploads', picture, { 'content-type': 'image/png' });
      const controls = [{ type: 'canny', image: { upload_id: upload.id } }];
      const waiting = await call('POST', '/v1/generations', { ...body, controls });
      await untilQueued(waiting.id);
      const items = [{ prompt: word }, { prompt: word, webhook, controls: [{ type: 'canny', image: await photo() }] }];
      const batch = await call('POST', '/v1/batches', { name: `batch ${word}`, metadata: { word }, webhook, items });
      await call('POST', `/v1/batches/${batch.id}/cancel`);
      const ids = [ended, failed, upload, waiting, batch].map(({ id }) => id);
      return { call, key, ended: ended.id, ids, words: [tenant, word] };
    }

    const everywhere = [
      'armature.api_key',
      'armature.batch',
      'armature.batch_webhook',
      'armature.idempotency_key',
      'armature.input',
      'armature.job',
      'armature.job_event',
      'armature.tenant_turn',
      'armature.upload',
      'armature.webhook_delivery',
      'file',
    ];
    /** The last events of the queue, of which nobody reads anything; it keeps about a hundred. */
    const queueLog = 'bullmq.event';
    const inQueue = [queueLog, 'bullmq.job'];

    it('of a tenant that is erased: ids in the log of the queue', async () => {
      const { application } = places;
      const gone = await busyTenant('leaver', 'zanzibar');
      const other = await busyTenant('stayer', 'timbuktu');
      const known = [...gone.words, ...gone.ids];
      expect(await whereabouts(known)).toEqual([...everywhere, ...inQueue].toSorted());
      expect(await whereabouts([gone.key.account])).toContain('armature.usage');

      const { records, store } = application.parts;
      const removeTicket = async (id: string): Promise<void> => await application.parts.queue.remove(id);
      expect(await eraseTenant({ records, store, removeTicket }, 'leaver')).toBe(5);
      expect(await whereabouts(gone.words)).toEqual([]);
      expect(await whereabouts(gone.ids)).toEqual([queueLog]);
      expect(await whereabouts([gone.key.account])).toEqual(['armature.api_key']);
      expect(await records.keys.any()).toBe(true);

      expect(await whereabouts(other.words)).toEqual([...everywhere, 'bullmq.job'].toSorted());
      await other.call('GET', `/v1/generations/${other.ended}`);
    });

    it('of a job that is deleted: its id, there and beside its Idempotency-Key', async () => {
      const { call, ended } = await busyTenant('user', 'samarkand');
      expect(await whereabouts([ended])).toEqual(
        expect.arrayContaining(['armature.job', 'armature.job_event', 'armature.webhook_delivery', 'file']),
      );
      await call('DELETE', `/v1/generations/${ended}`);
      expect(await whereabouts([ended])).toEqual(['armature.idempotency_key', queueLog]);
    });
  });
}
