import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import { Pieces } from '../../src/device/pieces.ts';
import { PreviewPace } from '../../src/device/preview-pace.ts';
import type { DrawRequest, FromDevice } from '../../src/device/protocol.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { pictureFrom, tensorFrom } from '../../src/pipeline/pixels.ts';
import { type DioramaModels, dioramaModels, modelsFolder, readPicture } from '../support/diorama.ts';
import { firstPass, planFor } from '../support/draw-request.ts';

const settings = {
  provider: 'cpu',
  deviceId: 0,
  threads: 2,
  memoryBudget: 2 ** 31,
  maxRows: 8,
  tokenizerFolder: `${modelsFolder}/clip-tokenizer`,
} as const;

const pool = new SessionPool(settings, 2 ** 30);
let models: DioramaModels;
beforeAll(async () => {
  models = await dioramaModels();
});
afterAll(async () => await pool.release());

type Finished = Extract<FromDevice, { type: 'finished' }>;
type Shown = Extract<FromDevice, { type: 'preview' }>;

/** Draws a request in this very process; `watched` is said when it is admitted. */
async function draw(
  request: DrawRequest,
  watched: boolean,
  [sessions, pieces]: readonly [SessionPool, Pieces?] = [pool],
): Promise<{ shown: readonly Shown[]; images: readonly RgbImage[] }> {
  const shown: Shown[] = [];
  const finished = await new Promise<Finished>((resolve, reject) => {
    const say = (message: FromDevice): void => {
      if (message.type === 'preview') shown.push(message);
      if (message.type === 'finished') resolve(message);
      if (message.type === 'failed') reject(new Error(message.error.detail));
    };
    const device = new Device(settings, new ModelNetworks(sessions, settings.tokenizerFolder), say, pieces);
    device.admit(request);
    if (watched) device.watch(request, true);
  });
  return { shown, images: finished.pictures.flatMap((left) => ('image' in left ? [left.image] : [])) };
}

function request(every: number | null): DrawRequest {
  const plan = planFor(models.base, {
    prompt: 'a red cube on a green floor',
    width: 128,
    height: 128,
    steps: 6,
    count: 2,
  });
  return { ...firstPass(plan, models.base), preview: every === null ? null : { every, taesd: null } };
}

/** Mean difference of a picture from another one that is made as small. */
function difference(small: RgbImage, large: RgbImage): number {
  const cell = large.width / small.width;
  let sum = 0;
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      for (let colour = 0; colour < 3; colour++) {
        let mean = 0;
        for (let i = 0; i < cell * cell; i++) {
          const [row, column] = [y * cell + Math.floor(i / cell), x * cell + (i % cell)];
          mean += (large.data[(row * large.width + column) * 3 + colour] ?? 0) / (cell * cell);
        }
        sum += Math.abs((small.data[(y * small.width + x) * 3 + colour] ?? 0) - mean);
      }
    }
  }
  return sum / small.data.length;
}

describe('pictures on their way', () => {
  it('are shown to who watches, and what is drawn is the same, bit for bit', async () => {
    const plain = await draw(request(null), false);
    const unwatched = await draw(request(1), false);
    const watched = await draw(request(2), true);
    expect(plain.shown).toEqual([]);
    expect(unwatched.shown).toEqual([]);
    expect(unwatched.images).toEqual(plain.images);
    expect(watched.images).toEqual(plain.images);
    // After steps 2 and 4 of 6: what is done is no preview.
    expect(watched.shown.map(({ picture, step }) => [picture, step])).toEqual([
      [0, 2],
      [1, 2],
      [0, 4],
      [1, 4],
    ]);
    for (const { picture, image } of watched.shown.slice(-2)) {
      expect([image.width, image.height]).toEqual([16, 16]);
      const drawn = watched.images[picture]!;
      const grey = { ...image, data: image.data.map(() => 128) };
      expect(difference(image, drawn)).toBeLessThan(0.7 * difference(grey, drawn));
    }
  });

  it('are shown where a thread loads the decoder that their colours are fitted to, several at once', async () => {
    const pieces = new Pieces();
    const own = new SessionPool(settings, 2 ** 30, { fromBytes: 0, aside: pieces.aside });
    try {
      const { shown } = await draw(request(4), true, [own, pieces]);
      expect(shown.map(({ picture, step }) => [picture, step])).toEqual([
        [0, 4],
        [1, 4],
      ]);
    } finally {
      await own.release();
    }
  });

  it('have the colours that the decoder would give them', async () => {
    const networks = new ModelNetworks(pool, settings.tokenizerFolder);
    const base = await networks.openBase(models.base);
    const autoencoder = await networks.openAutoencoder(base, { vae: null, taesd: null });
    const view = await networks.openView(autoencoder, { every: 1, taesd: null });
    for (const name of ['canny.png', 'openpose.png']) {
      const { mean } = await autoencoder.encoder.encode(tensorFrom(await readPicture('golden', name)));
      const decoded = pictureFrom(await autoencoder.decoder.decode(mean));
      const [, channels = 0, height = 0, width = 0] = mean.dims;
      const latents = mean.data.map((value) => value * autoencoder.decoder.scalingFactor);
      const small = await view(latents, [channels, height, width]);
      expect([small.width, small.height]).toEqual([width, height]);
      // 2 of 255 where it was made.
      expect(difference(small, decoded)).toBeLessThan(5);
    }
  });

  it('come at most four times in any second', () => {
    const pace = new PreviewPace();
    const times = Array.from({ length: 400 }, (_, i) => i * 10).filter((now) => pace.take(now));
    for (const [index, time] of times.entries())
      expect((times[index + 4] ?? Infinity) - time).toBeGreaterThanOrEqual(1000);
    expect(times.slice(0, 5)).toEqual([0, 10, 20, 30, 1000]);
  });
});
