/** The largest pictures that are taken, in every place that takes one: none may hold the event loop while it is made use of. */
import sharp, { type Sharp } from 'sharp';
import { inlinePicture } from '../support/service.ts';
import { scenario } from './harness/scenario.ts';
import { WatchedServer } from './harness/watched-server.ts';

export const heldByPictures = scenario({
  title: 'what the largest pictures hold the event loop for while they are drawn with',
  alone: true,
  sizes: { side: 8000, every: 1, cases: 100, most: 100 },
  short: { side: 8000, every: 6, cases: 2, most: 1000 },
  async run({ side, every, cases, most }, report) {
    const pictures = await makePictures(side);
    const server = await WatchedServer.start();
    try {
      const all = allCases(pictures, await extractors(server)).filter((_, index) => index % every === 0);
      for (const [what, path, body] of all.slice(0, cases)) {
        const { ms, livezMs, result } = await server.watch(async (service) => {
          const headers = { 'content-type': 'application/json', prefer: 'wait=120' };
          const answer = await service.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
          return (await answer.json()) as { readonly status: string; readonly detail?: string };
        });
        console.log(`${what}: held for ${Math.round(ms)} ms`);
        report.atMost(`${what}: longest hold, ms`, Math.round(ms), most);
        report.exactly(`${what}: became`, `${result?.status} ${result?.detail ?? ''}`.trim(), 'succeeded');
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

interface Pictures {
  /** In colours, without and with transparency; shapes of black and white, thick and thin; flat colours. */
  readonly photo: string;
  readonly see: string;
  readonly mask: string;
  readonly lines: string;
  readonly flat: string;
  /** A photograph and a mask that an output may have the size of, and one that an extraction may have. */
  readonly wide: string;
  readonly wideMask: string;
}

type Case = readonly [what: string, path: string, body: Readonly<Record<string, unknown>>];

function allCases(
  { photo, see, mask, lines, flat, wide, wideMask }: Pictures,
  extracted: readonly string[],
): readonly Case[] {
  const drawn = (what: string, fields: Readonly<Record<string, unknown>>): Case => [
    what,
    '/v1/generations',
    { prompt: 'a red cube', steps: 1, seed: 1, ...fields },
  ];
  const over = { strength: 1, init_image: { data: photo } };
  const part = { ...over, init_image: { data: wide }, mask_image: { data: wideMask }, mask_blur: 64 };
  return [
    ...['png', 'webp', 'jpeg'].map((format) =>
      drawn(`a large output as ${format}`, {
        ...part,
        inpaint: { area: 'masked', fill: 'blur' },
        output: { format },
        controls: [{ type: 'canny', image: { data: wide } }],
      }),
    ),
    drawn('a photograph', { controls: [{ type: 'canny', image: { data: photo } }] }),
    drawn('a map of flat colours', { controls: [{ type: 'seg', image: { data: flat }, preprocess: false }] }),
    drawn('a map of many colours', { controls: [{ type: 'depth', image: { data: photo }, preprocess: false }] }),
    ...['stretch', 'crop', 'fill'].map((resize) =>
      drawn(`a map of lines, ${resize}`, {
        controls: [{ type: 'canny', image: { data: lines }, preprocess: false, resize }],
      }),
    ),
    drawn('a transparent photograph', { controls: [{ type: 'depth', image: { data: see } }] }),
    drawn('a region', { controls: [{ type: 'depth', image: { data: photo }, mask: { data: mask } }] }),
    drawn('a comparison at a high resolution', {
      controls: [{ type: 'canny', image: { data: photo }, resolution: 2048 }],
      evaluate: true,
    }),
    drawn('a soft mask', { ...over, mask_image: { data: mask }, mask_mode: 'soft' }),
    drawn('a picture drawn over', over),
    drawn('a part drawn anew', { ...over, mask_image: { data: mask }, mask_blur: 64 }),
    drawn('a mask by transparency', { ...over, mask_image: { data: see }, mask_channel: 'alpha' }),
    ...extracted.map((id): Case => [`extraction: ${id}`, `/v1/conditions/${id}`, { image: { data: wide } }]),
  ];
}

async function makePictures(side: number): Promise<Pictures> {
  const wide = Math.min(side, 4096);
  const photo = drawing(3, (x, y) => (within(x, y, 0.3) ? [204, 68, 34] : y > 0.7 ? [51, 170, 68] : [85, 153, 204]));
  const mask = drawing(1, (x, y) => [within(x, y, 0.25) ? 255 : 0]);
  return {
    photo: await large(photo, side),
    see: await large(
      drawing(4, (x, y) => [204, 68, 34, within(x, y, 0.4) ? 255 : 0]),
      side,
    ),
    mask: await large(mask, side),
    lines: await dataUrl(thinLines(side)),
    flat: await large(
      drawing(3, (x) => (x > 0.4 ? [120, 120, 120] : [150, 61, 5])),
      side,
      'nearest',
    ),
    wide: await large(photo, wide),
    wideMask: await large(mask, wide),
  };
}

const within = (x: number, y: number, radius: number): boolean => Math.hypot(x - 0.5, y - 0.5) < radius;

/** A small picture; `colour` is asked with shares of its width and height. */
function drawing(channels: 1 | 3 | 4, colour: (x: number, y: number) => readonly number[]): Sharp {
  const side = 64;
  const data = Array.from({ length: side * side }, (_, i) => colour((i % side) / side, Math.floor(i / side) / side));
  return sharp(Uint8Array.from(data.flat()), { raw: { width: side, height: side, channels } });
}

async function large(picture: Sharp, side: number, kernel: 'nearest' | 'cubic' = 'cubic'): Promise<string> {
  return await dataUrl(picture.resize(side, side, { kernel }));
}

async function dataUrl(picture: Sharp): Promise<string> {
  return inlinePicture(await picture.png({ compressionLevel: 1 }).toBuffer()).data;
}

/** White lines of one pixel on black. */
function thinLines(side: number): Sharp {
  const data = new Uint8Array(side * side);
  for (let y = 0; y < side; y += 1) for (let x = y % 97; x < side; x += 97) data[y * side + x] = 255;
  return sharp(data, { raw: { width: side, height: side, channels: 1 } });
}
