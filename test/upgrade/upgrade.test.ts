import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { postgresMissing } from '../support/servers.ts';
import { type DatabaseKind, fixture, type KeyName, type OldJob, type Upgraded, upgrade } from './left-behind.ts';

/** Whose the jobs of the fixtures are. */
const ownerOf = (name: string): KeyName => (name === 'checkpointed' || name === 'cancelled' ? 'workshop' : 'studio');

upgrades('embedded', 'a data folder', null);
upgrades('postgres', 'a PostgreSQL', postgresMissing);

function upgrades(kind: DatabaseKind, title: string, missing: string | null): void {
  describe.skipIf(missing !== null)(`${title} that an old release left when it was killed ${missing ?? ''}`, () => {
    let now: Upgraded;
    beforeAll(async () => {
      now = await upgrade(kind);
    });
    afterAll(async () => await now.stop());

    it('shows jobs that had ended as before', async () => {
      for (const [name, { webhook: _receiver, ...before }] of Object.entries(now.left.before.jobs)) {
        const job = await now.read(ownerOf(name), `/v1/generations/${before.id}`);
        expect(job, name).toMatchObject(before);
      }
    });

    it('keeps their files, which have the bytes that they had', async () => {
      for (const [name, { outputs, maps }] of Object.entries(now.left.before.jobs)) {
        for (const { url, sha256 } of [...outputs, ...maps]) {
          const response = await now.fetch(ownerOf(name), new URL(url).pathname);
          const bytes = new Uint8Array(await response.arrayBuffer());
          expect(createHash('sha256').update(bytes).digest('hex'), `${name}: ${url}`).toBe(sha256);
        }
      }
    });

    it('tells their events again', async () => {
      for (const [name, { id }] of Object.entries(now.left.before.jobs)) {
        const response = await now.fetch(ownerOf(name), `/v1/generations/${id}/events`);
        const events = eventsIn(await response.text());
        const before = eventsIn(now.left.before.events[name] ?? '');
        expect(events, name).toMatchObject(before.map((event) => ({ ...event, data: withoutReceiver(event.data) })));
      }
    });

    it.each(['waiting', 'waitingMap', 'checkpointed'])('draws the job "%s": the same pictures', async (name) => {
      const before = now.left.later.jobs[name]!;
      const job = await finished(now, ownerOf(name), before.id);
      expect(job).toMatchObject({ status: 'succeeded', attempt: before['attempt'], effective: before['effective'] });
      await expectSamePictures(now, name, job);
    });

    it('goes on with a batch: what had ended stays, the rest is drawn, and its receiver is told', async () => {
      const { left } = now;
      const { id } = left.later.batch as unknown as OldJob;
      await expect
        .poll(async () => await now.read('studio', `/v1/batches/${id}`), { timeout: 50_000 })
        .toMatchObject({
          ...left.later.batch,
          webhook: expect.anything(),
          eta_s: null,
        });
      const { data: items } = await now.read<{ data: Left['items'] }>('studio', `/v1/batches/${id}/items`);
      for (const item of items) await expectSamePictures(now, `item-${item.batch.index}`, item);
      const results = await now.fetch('studio', `/v1/batches/${id}/results`);
      expect((await results.text()).trim().split('\n')).toHaveLength(items.length);
      const ofBatch = () => now.told.filter(({ type }) => type === 'batch.succeeded').map(({ data }) => data['id']);
      await expect.poll(ofBatch, { timeout: 10_000 }).toEqual([id]);
    });

    it('tells receivers what they had not been told: the job as it was', async () => {
      const { drawn } = now.left.before.jobs;
      const ofJob = () => now.told.filter(({ type }) => type === 'generation.succeeded');
      await expect
        .poll(ofJob, { timeout: 10_000 })
        .toMatchObject([{ id: now.left.before.deliveries.data.at(-1)?.id, data: withoutReceiver(drawn!) }]);
    });

    it('keeps API keys, and those that were revoked', async () => {
      const { data: keys } = await now.read<Upgraded['left']['before']['keys']>('operator', '/v1/keys');
      const unused = ({ last_used_at: _time, ...key }: Readonly<Record<string, unknown>>): object => key;
      expect(keys.map(unused)).toMatchObject(now.left.before.keys.data.map(unused));
      expect((await now.fetch('former', '/v1/generations')).status).toBe(401);
      expect((await now.service.fetch('/v1/generations')).status).toBe(401);
    });

    it('keeps uploads, for new requests too', async () => {
      const { uploads, before } = now.left;
      expect(await now.read('studio', `/v1/uploads/${uploads.photo.id}`)).toEqual(before.uploads);
      const response = await now.fetch('studio', '/v1/conditions/canny', {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=50' },
        body: JSON.stringify({ image: { upload_id: uploads.photo.id }, resolution: 64 }),
      });
      expect(await response.json()).toMatchObject({ status: 'succeeded' });
    });
  });
}

type Left = Upgraded['left']['later'];

async function finished(now: Upgraded, key: KeyName, id: string): Promise<OldJob> {
  const read = async (): Promise<OldJob> => await now.read(key, `/v1/generations/${id}`);
  await expect.poll(async () => (await read()).status, { timeout: 50_000 }).not.toMatch(/queued|running/);
  return await read();
}

async function expectSamePictures(now: Upgraded, name: string, job: OldJob): Promise<void> {
  for (const [index, { url }] of job.outputs.entries()) {
    const response = await now.fetch(ownerOf(name), new URL(url).pathname);
    const drawn = await decodePicture(new Uint8Array(await response.arrayBuffer()));
    const before = await decodePicture(await fixture('pictures', `${name}-${index}.png`));
    expect([drawn.width, drawn.height]).toEqual([before.width, before.height]);
    expect(maxAbsDifference(drawn.data, before.data), `${name} ${index}`).toBeLessThanOrEqual(1);
  }
}

interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The events of a stream's text; comments and the time to come back after are left out. */
function eventsIn(text: string): readonly StreamEvent[] {
  const blocks = text.split('\n\n').map((block) => new Map(block.split('\n').map((line) => split(line))));
  return blocks.flatMap((block) => {
    const data = block.get('data');
    if (data === undefined) return [];
    return [{ id: block.get('id'), event: block.get('event'), data: JSON.parse(data) as StreamEvent['data'] }];
  });
}

function split(line: string): readonly [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trim()];
}

/** A receiver has been told meanwhile. */
function withoutReceiver<T extends Readonly<Record<string, unknown>>>(job: T): Omit<T, 'webhook'> {
  const { webhook: _receiver, ...rest } = job;
  return rest;
}
