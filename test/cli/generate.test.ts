import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { armature } from './armature.ts';

const photo = fileURLToPath(new URL('../../examples/photo.jpg', import.meta.url));
const quick = ['--steps', '2', '--width', '64', '--height', '128', '--seed', '7'];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-draw-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);

async function draw(name: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await armature(['generate', 'a red cube', ...quick, '-o', file(name), ...args]);
  if (code !== 0) throw new Error(stderr);
  return { stdout, stderr };
}

describe('generate', () => {
  it('draws a picture of the size that was asked for, over an edge map that it keeps if told to', async () => {
    const { stdout, stderr } = await draw('one.png', '--canny', photo, '--save-maps');
    expect(stdout).toBe(`${file('one.png')}  seed 7  64x128\n${file('one-map-1.png')}  map of canny\n`);
    expect(stderr).toContain('step 2/2\n');
    const picture = await decodePicture(await readFile(file('one.png')));
    expect([picture.width, picture.height]).toEqual([64, 128]);
    const map = await decodePicture(await readFile(file('one-map-1.png')));
    expect(new Set(map.data)).toEqual(new Set([0, 255]));
    expect(await readdir(folder)).toEqual(['one-map-1.png', 'one.png']);
  });

  it('draws the same picture from the photograph and from its map', async () => {
    await draw('photo.png', '--canny', photo, '--save-maps');
    await draw('map.png', '--canny', file('photo-map-1.png'), '--map');
    const [first, second] = await Promise.all(
      ['photo.png', 'map.png'].map(async (name) => await decodePicture(await readFile(file(name)))),
    );
    expect(Buffer.compare(first!.data, second!.data)).toBe(0);
  });

  it('draws a part of a picture anew, at a size of its own, and keeps the rest', async () => {
    const source = Buffer.from(Uint8Array.from({ length: 160 * 96 * 3 }, (_, i) => (i * 7) % 256));
    const levels = Buffer.from(Uint8Array.from({ length: 160 * 96 }, (_, i) => (i % 160 < 40 ? 255 : 0)));
    await sharp(source, { raw: { width: 160, height: 96, channels: 3 } })
      .png()
      .toFile(file('source.png'));
    await sharp(levels, { raw: { width: 160, height: 96, channels: 1 } })
      .png()
      .toFile(file('left.png'));
    const over = ['--init-image', file('source.png'), '--mask-image', file('left.png'), '--mask-blur', '0'];
    const { stdout } = await draw('part.png', ...over, '--strength', '0.5', '--inpaint-area', 'masked');
    expect(stdout).toBe(`${file('part.png')}  seed 7  160x96\n`);
    const { data } = await decodePicture(await readFile(file('part.png')));
    const kept = data.every((value, i) => Math.floor(i / 3) % 160 < 40 || value === source[i]);
    expect([kept, Buffer.from(data).equals(source)]).toEqual([true, false]);
  });

  it('draws a pose from data, and says which of several obeys best', async () => {
    const pose = { people: [{ pose_keypoints_2d: Array.from({ length: 54 }, (_, i) => (i % 3 === 2 ? 1 : i / 60)) }] };
    await writeFile(file('pose.json'), JSON.stringify(pose));
    const { stderr } = await draw('posed.png', '--pose', file('pose.json'), '--canny', photo, '--best-of', '2');
    expect(stderr).toMatch(/^seed [78]: openpose oks \d/m);
    expect(stderr).toMatch(/^seed [78]: canny f1 [\d.]+, precision [\d.]+, recall [\d.]+$/m);
    expect(stderr).toMatch(/^chosen from seed 7 [\d.]+, seed 8 [\d.]+$/m);
  });

  it('refuses a pose that is none, before anything is drawn', async () => {
    await writeFile(file('wrong.json'), '{"people": [{"pose": []}]}');
    const { code, stderr } = await armature(['generate', 'x', '--pose', file('wrong.json'), '-o', file('no.png')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('controls[0].image.pose');
  });

  it('heeds what stands behind a control', async () => {
    await draw('full.png', '--canny', photo);
    await draw('weak.png', '--canny', photo, '--control-scale', '0.2');
    await draw('other.png', '--canny', photo, '--extract', 'low_threshold=10', '--extract', 'high_threshold=20');
    const [full, weak, other] = await Promise.all(
      ['full.png', 'weak.png', 'other.png'].map(async (name) => await readFile(file(name))),
    );
    expect(full!.equals(weak!)).toBe(false);
    expect(full!.equals(other!)).toBe(false);
  });

  it('lets a control act in a region', async () => {
    const mask = async (name: string, black: number) => {
      const raw = { width: 64, height: 128, channels: 1 } as const;
      const levels = Uint8Array.from({ length: 64 * 128 }, (_, i) => (i < black ? 0 : 255));
      await sharp(levels, { raw }).png().toFile(file(name));
      return ['--canny', photo, '--control-mask', file(name)];
    };
    const { stderr } = await draw('nowhere.png', ...(await mask('black.png', 64 * 128)));
    expect(stderr).toContain('warning: controls[0]: its mask is black all over: it does not act.\n');
    await draw('lower.png', ...(await mask('lower-half.png', 64 * 64)));
    await draw('whole.png', ...(await mask('white.png', 0)));
    await draw('unmasked.png', '--canny', photo);
    await draw('free.png');
    const [nowhere, lower, whole, unmasked, free] = await Promise.all(
      ['nowhere.png', 'lower.png', 'whole.png', 'unmasked.png', 'free.png'].map(
        async (name) => (await decodePicture(await readFile(file(name)))).data,
      ),
    );
    expect(whole).toEqual(unmasked);
    expect(nowhere).toEqual(free);
    expect(lower).not.toEqual(unmasked);
    expect(lower).not.toEqual(free);
  });

  it('numbers several pictures, counts their seeds on and overwrites what was there', async () => {
    await writeFile(file('many-1.webp'), 'something old');
    const { stdout } = await draw('many.webp', '-n', '2');
    expect(stdout).toBe(`${file('many-1.webp')}  seed 7  64x128\n${file('many-2.webp')}  seed 8  64x128\n`);
    expect((await readFile(file('many-1.webp'))).subarray(0, 4).toString()).toBe('RIFF');
  });
});

describe('extract', () => {
  it('writes the map of a photograph at its own size', async () => {
    const { code, stdout } = await armature(['extract', 'canny', photo, '-o', file('edges.png')]);
    const [source, map] = await Promise.all(
      [photo, file('edges.png')].map(async (name) => await decodePicture(await readFile(name))),
    );
    expect(code).toBe(0);
    expect(stdout).toBe(`${file('edges.png')}  ${source!.width}x${source!.height}\n`);
    expect([map!.width, map!.height]).toEqual([source!.width, source!.height]);
    expect(new Set(map!.data)).toEqual(new Set([0, 255]));
  });

  it('writes what was found as data, and brings the picture to a resolution first', async () => {
    const scene = fileURLToPath(new URL('../photos/astronaut.png', import.meta.url));
    const args = ['--resolution', '256', '--save-data', file('found.json'), '-o', file('pose.png')];
    const { code, stdout } = await armature(['extract', 'openpose', scene, ...args]);
    expect(code).toBe(0);
    expect(stdout).toBe(`${file('pose.png')}  256x256\n${file('found.json')}\n`);
    expect(JSON.parse(await readFile(file('found.json'), 'utf8'))).toMatchObject({ people: [{}], canvas_width: 256 });
  });

  it('names no pull for a network that the catalog has not', async () => {
    const network = ['--option', 'network=mine', '--data', file('data')];
    const { code, stderr } = await armature(['extract', 'depth', photo, ...network, '-o', file('none.png')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/mine is not there\. It is not in the catalog: .*models\/annotators\/mine/);
  });

  it('fails over a blank map if told to', async () => {
    const options = ['--option', 'low_threshold=2040', '--option', 'high_threshold=2040'];
    const { code, stderr } = await armature([
      'extract',
      'canny',
      photo,
      ...options,
      '--strict',
      '-o',
      file('none.png'),
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('no edges found');
    expect(await readdir(folder)).not.toContain('none.png');
  });
});
