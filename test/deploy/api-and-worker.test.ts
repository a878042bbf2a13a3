import { freePort } from '../support/free-port.ts';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnArmature } from '../cli/armature.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { parseExposition } from '../metrics/exposition.ts';
import { postgresMissing, redisMissing, startPostgres, startRedis, type TestServer } from '../support/servers.ts';
import { root } from './files.ts';

const missing = postgresMissing ?? redisMissing;

describe.skipIf(missing !== null)(
  `the api and a worker as processes of their own${missing === null ? '' : `, ${missing}`}`,
  () => {
    const servers: TestServer[] = [];
    const children: ChildProcess[] = [];
    let base: string;
    let worker: string;

    beforeAll(async () => {
      const [postgres, redis, data] = await Promise.all([startPostgres(), startRedis(), newDataFolder()]);
      servers.push(postgres, redis);
      const [port, metricsPort] = [await freePort(), await freePort()];
      const environment = { ARMATURE_POSTGRES_URL: postgres.url, ARMATURE_REDIS_URL: redis.url, ARMATURE_DATA: data };
      children.push(
        spawnArmature(['api', '--port', String(port)], environment),
        spawnArmature(['worker', '--provider', 'cpu', '--metrics-port', String(metricsPort)], environment),
      );
      for (const child of children) child.stdout?.resume();
      base = `http://127.0.0.1:${port}`;
      worker = `http://127.0.0.1:${metricsPort}`;
      await untilReady(`${base}/readyz`, children[0]!);
      await untilReady(`${worker}/readyz`, children[1]!);
    });

    afterAll(async () => {
      const ends = children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGTERM');
      await Promise.all(ends);
      await Promise.all(servers.map((server) => server.stop()));
    });

    it('draw together, over PostgreSQL, Redis and the files that they share', async () => {
      const form = new FormData();
      form.set('prompt', 'a red cube on a green floor');
      form.set('steps', '4');
      form.set('evaluate', 'true');
      form.set('canny', new Blob([await readFile(join(root, 'examples/photo.jpg'))]), 'photo.jpg');
      const headers = { accept: 'image/png', prefer: 'wait=60' };
      const response = await fetch(`${base}/v1/generations`, { method: 'POST', headers, body: form });
      expect(response.status).toBe(200);
      const picture = new Uint8Array(await response.arrayBuffer());
      expect([...picture.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    });

    it('say that the device is elsewhere', async () => {
      const response = await fetch(`${base}/readyz`);
      expect(await response.json()).toMatchObject({
        checks: { device: { ok: true, detail: expect.stringMatching(/Workers/) } },
        workers: 1,
      });
    });

    it('say what they did: the api of requests and the queue, the worker of drawing', async () => {
      const metricsOf = async (address: string) => parseExposition(await (await fetch(`${address}/metrics`)).text());
      const [ofApi, ofWorker] = [await metricsOf(base), await metricsOf(worker)];
      const value = (families: typeof ofApi, name: string): number | undefined =>
        families.get(name)?.samples.find((sample) => sample.name === name)?.value;
      expect(value(ofApi, 'armature_workers')).toBe(1);
      expect(value(ofApi, 'armature_device_ready')).toBeUndefined();
      expect(value(ofWorker, 'armature_device_ready')).toBe(1);
      expect(value(ofWorker, 'armature_device_steps_total')).toBe(4);
      expect(ofWorker.get('armature_attempts_total')?.samples).toMatchObject([
        { labels: { kind: 'generation', outcome: 'succeeded' }, value: 1 },
      ]);
      const counted = (families: typeof ofApi, name: string, labels: object = {}): number =>
        (families.get(name)?.samples ?? [])
          .filter((sample) => sample.name === `${name}_count`)
          .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
          .reduce((sum, sample) => sum + sample.value, 0);
      for (const phase of ['wait', 'prepare', 'draw', 'evaluate', 'store']) {
        expect(counted(ofWorker, 'armature_job_phase_seconds', { phase }), phase).toBe(1);
      }
      expect(counted(ofWorker, 'armature_condition_fidelity', { condition: 'canny', metric: 'f1' })).toBe(1);
      for (const name of ['seconds', 'samples', 'rows'])
        expect(counted(ofWorker, `armature_device_tick_${name}`)).toBe(4);
      expect(counted(ofWorker, 'armature_store_operation_seconds', { operation: 'put' })).toBeGreaterThan(1);
      expect(counted(ofApi, 'armature_http_request_seconds', { route: '/v1/generations', status: '200' })).toBe(1);
      const children = ofWorker.get('armature_child_resident_memory_bytes')?.samples ?? [];
      expect(new Set(children.map(({ labels }) => labels['child']))).toEqual(new Set(['device', 'extractor']));
    });

    it('answer nobody but those who watch: a worker has no API', async () => {
      expect((await fetch(`${worker}/v1/generations`)).status).toBe(404);
      expect((await fetch(`${worker}/livez`)).status).toBe(200);
    });
  },
);

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 40_000;
  for (;;) {
    const ready = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null) throw new Error(`The api ended with exit code ${child.exitCode}.`);
    if (performance.now() > deadline) throw new Error('The api does not answer.');
    await pause(50);
  }
}
