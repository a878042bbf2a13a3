/** The largest pictures that are taken, in every place that takes one: none may hold the event loop while it is made use of. */
import { setTimeout as delay } from 'node:timers/promises';
import sharp, { type Sharp } from 'sharp';
import { inlinePicture } from '../support/service.ts';
import { scenario } from './harness/scenario.ts';
import { WatchedServer } from './harness/watched-server.ts';

/** A job, or why there is none. */
interface Asked {
  readonly status: string;
  readonly detail?: string;
  readonly error?: { readonly detail: string } | null;
}

export const heldByPictures = scenario({
  title: 'what the largest pictures hold the event loop for while they are drawn with',
  alone: true,
  sizes: { side: 8000, every: 1, cases: 100, most: 100 },
  short: { side: 8000, every: 6, cases: 2, most: 1000 },
  async run({ side, every, cases, most }, report) {
    const pictures = makePictures(side);
    const server = await WatchedServer.start();
    try {
      report.atLeast('a hold of 300 ms that is made on purpose, as it is seen', await server.seenHold(), 250);
      const all = allCases(pictures, await extractors(server)).filter((_, index) => index % every === 0);
      for (const [what, path, asked] of all.slice(0, cases)) {
        const body = JSON.stringify(await asked());
        const { ms, livezMs, result } = await server.watch(async (service) => {
          const headers = { 'content-type': 'application/json', prefer: 'wait=120' };
          const answer = await service.fetch(path, { method: 'POST', headers, body });
          let job = (await answer.json()) as Asked;
          // A busy machine takes longer than an answer waits.
          for (; job.status === 'queued' || job.status === 'running'; await delay(500)) {
            job = (await (await service.fetch(answer.headers.get('location') ?? '')).json()) as Asked;
          }
          return job;
        });
        console.log(`${what}: held for ${Math.round(ms)} ms`);
        report.atMost(`${what}: longest hold, ms`, Math.round(ms), most);
        report.exactly(
          `${what}: became`,
          `${result?.status} ${result?.detail ?? result?.error?.detail ?? ''}`.trim(),
          'succeeded',
        );
        report.figure(`${what}: /livez meanwhile, ms`, Math.round(livezMs));
      }
    } finally {
      await server.stop();
    }
  },
});

/** Ids of the conditions whose maps can be made from a photograph. */
async function extractors({ service }: WatchedServer): Promise<readonly string[]> {
  const { data } = (await (await service.fetch('/v1/conditions')).json()) as {
    readonly data: readonly { readonly id: string; readonly accepts: readonly string[] }[];
  };
  return data.filter(({ accepts }) => accepts.includes('photo')).map(({ id }) => id);
}

/** A picture as a request carries it. It is made the first time that it is asked for: each takes seconds. */
type Made = () => Promise<{ readonly data: string }>;

interface Pictures {
  /** In colours, without and with transparency; shapes of black and white, thick and thin; flat colours. */
  readonly photo: Made;
  readonly see: Made;
  readonly mask: Made;
  readonly lines: Made;
  readonly flat: Made;
  /** A photograph and a mask that an output may have the size of, and one that an extraction may have. */
  readonly wide: Made;
  readonly wideMask: Made;
}

type Body = Readonly<Record<string, unknown>>;
type Case = readonly [what: string, path: string, body: () => Promise<Body>];

function allCases(
  { photo, see, mask, lines, flat, wide, wideMask }: Pictures,
  extracted: readonly string[],
): readonly Case[] {
  const drawn = (what: string, fields: () => Promise<Body>): Case => [
    what,
    '/v1/generations',
    async () => ({ prompt: 'a red cube', steps: 1, seed: 1, ...(await fields()) }),
  ];
  const over = async (): Promise<Body> => ({ strength: 1, init_image: await photo() });
  const part = async (): Promise<Body> => ({
    strength: 1,
    init_image: await wide(),
    mask_image: await wideMask(),
    mask_blur: 64,
  });
  return [
    ...['png', 'webp', 'jpeg'].map((format) =>
      drawn(`a large output as ${format}`, async () => ({
        ...(await part()),
        inpaint: { area: 'masked', fill: 'blur' },
        output: { format },
        controls: [{ type: 'canny', image: await wide() }],
      })),
    ),
    drawn('a photograph', async () => ({ controls: [{ type: 'canny', image: await photo() }] })),
    drawn('a map of flat colours', async () => ({
      controls: [{ type: 'seg', image: await flat(), preprocess: false }],
    })),
    drawn('a map of many colours', async () => ({
      controls: [{ type: 'depth', image: await photo(), preprocess: false }],
    })),
    ...['stretch', 'crop', 'fill'].map((resize) =>
      drawn(`a map of lines, ${resize}`, async () => ({
        controls: [{ type: 'canny', image: await lines(), preprocess: false, resize }],
      })),
    ),
    drawn('a transparent photograph', async () => ({ controls: [{ type: 'depth', image: await see() }] })),
    drawn('a region', async () => ({ controls: [{ type: 'depth', image: await photo(), mask: await mask() }] })),
    drawn('a comparison at a high resolution', async () => ({
      controls: [{ type: 'canny', image: await photo(), resolution: 2048 }],
      evaluate: true,
    })),
    drawn('a soft mask', async () => ({ ...(await over()), mask_image: await mask(), mask_mode: 'soft' })),
    drawn('a picture drawn over', over),
    drawn('a part drawn anew', async () => ({ ...(await over()), mask_image: await mask(), mask_blur: 64 })),
    drawn('a mask by transparency', async () => ({
      ...(await over()),
      mask_image: await see(),
      mask_channel: 'alpha',
    })),
    ...extracted.map((id): Case => [
      `extraction: ${id}`,
      `/v1/conditions/${id}`,
      async () => ({ image: await wide() }),
    ]),
  ];
}

function makePictures(side: number): Pictures {
  const wide = Math.min(side, 4096);
  const photo = drawing(3, (x, y) => (within(x, y, 0.3) ? [204, 68, 34] : y > 0.7 ? [51, 170, 68] : [85, 153, 204]));
  const see = drawing(4, (x, y) => [204, 68, 34, within(x, y, 0.4) ? 255 : 0]);
  const mask = drawing(1, (x, y) => [within(x, y, 0.25) ? 255 : 0]);
  const flat = drawing(3, (x) => (x > 0.4 ? [120, 120, 120] : [150, 61, 5]));
  return {
    photo: once(() => large(photo, side)),
    see: once(() => large(see, side)),
    mask: once(() => large(mask, side)),
    lines: once(() => thinLines(side)),
    flat: once(() => large(flat, side, 'nearest')),
    wide: once(() => large(photo, wide)),
    wideMask: once(() => large(mask, wide)),
  };
}

function once(make: () => Sharp): Made {
  let made: ReturnType<Made> | null = null;
  return () => (made ??= inPng(make()));
}

const within = (x: number, y: number, radius: number): boolean => Math.hypot(x - 0.5, y - 0.5) < radius;

/** A small picture; `colour` is asked with shares of its width and height. */
function drawing(channels: 1 | 3 | 4, colour: (x: number, y: number) => readonly number[]): Sharp {
  const side = 64;
  const data = Array.from({ length: side * side }, (_, i) => colour((i % side) / side, Math.floor(i / side) / side));
  return sharp(Uint8Array.from(data.flat()), { raw: { width: side, height: side, channels } });
}

function large(picture: Sharp, side: number, kernel: 'nearest' | 'cubic' = 'cubic'): Sharp {
  return picture.clone().resize(side, side, { kernel });
}

async function inPng(picture: Sharp): Promise<{ readonly data: string }> {
  return inlinePicture(await picture.png({ compressionLevel: 1 }).toBuffer());
}

/** White lines of one pixel on black. */
function thinLines(side: number): Sharp {
  const data = new Uint8Array(side * side);
  for (let y = 0; y < side; y += 1) for (let x = y % 97; x < side; x += 97) data[y * side + x] = 255;
  return sharp(data, { raw: { width: side, height: side, channels: 1 } });
}
