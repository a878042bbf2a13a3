import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import type { DrawRequest, FromDevice } from '../../src/device/protocol.ts';
import type { OnnxModel } from '../../src/graph/compiler/index.ts';
import { type NetworkSession, SessionPool } from '../../src/runtime/index.ts';
import { type DioramaModels, dioramaModels, modelsFolder, readPicture } from '../support/diorama.ts';
import { firstPass, planFor } from '../support/draw-request.ts';

/** Notes which network ran, under the last part of its name: unet, controlnet, hint, text or decoder. */
class NotingPool extends SessionPool {
  readonly ran: string[] = [];
  /** Called when a network is about to run. */
  before = (_network: string): void => {};

  override async use<Result>(
    key: string,
    build: () => OnnxModel,
    work: (session: NetworkSession) => Promise<Result>,
  ): Promise<Result> {
    const network = (JSON.parse(key) as readonly [string])[0].split('/').at(-1)!;
    this.ran.push(network);
    this.before(network);
    return await super.use(key, build, work);
  }
}

const settings = {
  provider: 'cpu',
  deviceId: 0,
  threads: 1,
  memoryBudget: 2 ** 31,
  maxRows: 8,
  tokenizerFolder: `${modelsFolder}/clip-tokenizer`,
} as const;

let models: DioramaModels;
const pools: NotingPool[] = [];
beforeAll(async () => {
  models = await dioramaModels();
});
afterAll(async () => {
  for (const pool of pools) await pool.release();
});

/** A device in this very process; `ended` resolves with how each of so many jobs ended. */
function start(jobs: number) {
  const pool = new NotingPool(settings, 2 ** 30);
  pools.push(pool);
  const ends = new Map<string, string>();
  let resolve = (_ends: ReadonlyMap<string, string>): void => {};
  const ended = new Promise<ReadonlyMap<string, string>>((done) => (resolve = done));
  const device = new Device(settings, new ModelNetworks(pool, settings.tokenizerFolder), (message: FromDevice) => {
    if (!['finished', 'failed', 'cancelled'].includes(message.type)) return;
    ends.set((message as { job: string }).job, message.type);
    if (ends.size === jobs) resolve(ends);
  });
  return { device, pool, ended };
}

function plain(job: string, steps: number): DrawRequest {
  return firstPass(planFor(models.base, { steps, guidanceScale: 1 }), models.base, [], job);
}

async function controlled(job: string, types: readonly string[]): Promise<DrawRequest> {
  const map = await readPicture('scenes', '04_canny.png');
  const plan = planFor(models.base, {
    prompt: 'a blue cube',
    negativePrompt: 'fog',
    width: map.width,
    height: map.height,
    steps: 1,
    controls: types.map((type) => ({
      type,
      model: { id: models.controlNet(type).id, hash: models.controlNet(type).hash },
      source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
      resize: 'crop',
      scale: 1,
      start: 0,
      end: 1,
      mode: 'balanced',
    })),
  });
  const works = plan.controls.map((control, index) => ({
    index,
    plan: control,
    model: models.controlNet(control.type),
    acts: 'residuals' as const,
    inputs: { map, region: null, remarks: [] },
  }));
  return firstPass(plan, models.base, works, job);
}

describe('the work of a device', () => {
  it('is done in pieces, the oldest first: a picture under way waits for one piece of another at most', async () => {
    const { device, pool, ended } = start(2);
    const other = await controlled('other', ['canny', 'canny']);
    pool.before = (network) => {
      if (network !== 'unet') return;
      pool.before = () => {};
      device.admit(other);
    };
    device.admit(plain('first', 12));
    expect(await ended).toEqual(
      new Map([
        ['first', 'finished'],
        ['other', 'finished'],
      ]),
    );
    const during = pool.ran.slice(pool.ran.indexOf('unet'), pool.ran.lastIndexOf('hint') + 1);
    expect(during).toEqual(['unet', 'text', 'unet', 'text', 'unet', 'hint', 'unet', 'hint']);
  });

  it('has a picture that is done decoded before the next step of others', async () => {
    const { device, pool, ended } = start(2);
    device.admit(plain('short', 1));
    device.admit(plain('long', 3));
    await ended;
    expect(pool.ran).toEqual(['text', 'unet', 'decoder', 'unet', 'unet', 'decoder']);
  });

  it('of a cancelled job is not gone on with', async () => {
    const { device, pool, ended } = start(1);
    pool.before = (network) => network === 'text' && device.cancel({ job: 'other', attempt: 1 });
    device.admit(await controlled('other', ['canny']));
    expect(await ended).toEqual(new Map([['other', 'cancelled']]));
    const next = start(1);
    next.pool.before = (network) => network === 'unet' && next.device.cancel({ job: 'first', attempt: 1 });
    next.device.admit(plain('first', 3));
    expect(await next.ended).toEqual(new Map([['first', 'cancelled']]));
    await new Promise(setImmediate);
    expect([pool.ran, next.pool.ran]).toEqual([['text'], ['text', 'unet']]);
  });
});
