import { readFileSync } from 'node:fs';

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { canny } from '../../../src/conditions/canny/canny.ts';
import { cannyPhoto } from '../../../src/conditions/canny/checks.ts';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { inspectMap as inspect } from '../../../src/conditions/contract/inspect-map.ts';
import { inspectPhoto, type PhotoCheck } from '../../../src/conditions/contract/inspect-photo.ts';
import { depthPhoto } from '../../../src/conditions/depth/checks.ts';
import { maskPhoto } from '../../../src/conditions/mask/checks.ts';
import { mlsdPhoto } from '../../../src/conditions/mlsd/checks.ts';
import { normalPhoto } from '../../../src/conditions/normal/checks.ts';
import { scribblePhoto } from '../../../src/conditions/scribble/checks.ts';
import { segPhoto } from '../../../src/conditions/seg/checks.ts';
import { softedgePhoto } from '../../../src/conditions/softedge/checks.ts';
import { findCondition } from '../../../src/conditions/registry.ts';
import { lineart } from '../../../src/conditions/lineart/lineart.ts';
import { lineartOptions } from '../../../src/conditions/lineart/options.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { noNetworks } from '../kernels/no-networks.ts';

const file = (path: string): Buffer => readFileSync(new URL(`../../${path}`, import.meta.url));
const scene = (name: string): Promise<RgbImage> => decodePicture(file(`diorama/scenes/${name}.png`));
const photo = (name: string): Promise<RgbImage> => decodePicture(file(`photos/${name}.png`));

/** A photograph as another file would hold it. */
const variant = async (name: string, change: (picture: Sharp) => Sharp): Promise<RgbImage> =>
  decodePicture(
    await change(sharp(file(`photos/${name}.png`)))
      .png()
      .toBuffer(),
  );

const inspectMap = (id: string, map: RgbImage): readonly string[] => inspect(findCondition(id), map);

const networkChecks = [softedgePhoto, scribblePhoto, mlsdPhoto, depthPhoto, normalPhoto, segPhoto, maskPhoto];

const scenes = ['00', '01', '02', '03', '04', '05', '06', '07'];
const photos = ['astronaut', 'chelsea', 'china', 'coffee', 'rocket'];
const defaults = { low_threshold: 100, high_threshold: 200, l2_gradient: false };

describe('inspectMap', () => {
  it.each(['canny', 'depth', 'seg'])('has nothing to say about the %s maps of the scenes', async (type) => {
    for (const id of scenes) expect(inspectMap(type, await scene(`${id}_${type}`))).toEqual([]);
  });

  it('has nothing to say about pose maps with people', async () => {
    for (const id of ['01', '03', '05']) expect(inspectMap('openpose', await scene(`${id}_pose`))).toEqual([]);
  });

  it.each(photos)('takes %s for a photograph where edges, depth and areas are expected', async (name) => {
    const image = await photo(name);
    expect(inspectMap('canny', image)[0]).toContain('looks like a photograph');
    expect(inspectMap('depth', image)[0]).toContain('has colours');
    expect(inspectMap('seg', image)[0]).toContain('looks like a photograph');
  });

  it('knows an edge map that went through JPEG', async () => {
    const bytes = await sharp(file('diorama/scenes/03_canny.png')).jpeg({ quality: 80 }).toBuffer();
    expect(inspectMap('canny', await decodePicture(bytes))).toEqual([]);
  });

  it('says when edges are black on white', async () => {
    const bytes = await sharp(file('diorama/scenes/03_canny.png')).negate().png().toBuffer();
    expect(inspectMap('canny', await decodePicture(bytes))[0]).toContain('invert');
  });

  it.each(['softedge', 'scribble', 'mlsd', 'lineart', 'normal', 'mask', 'recolor', 'threshold'])(
    'takes a photograph for no map of type %s',
    async (type) => {
      expect(inspectMap(type, await photo('coffee'))).toEqual([
        expect.stringMatching(new RegExp(`^${type}: the map `)),
      ]);
    },
  );

  it.each(photos)('takes %s in grey for a photograph too, where grey does not say so', async (name) => {
    const image = await variant(name, (picture) => picture.greyscale());
    for (const type of ['canny', 'softedge', 'lineart', 'openpose', 'seg', 'mask', 'threshold']) {
      expect(inspectMap(type, image)).toEqual([expect.stringContaining('looks like a photograph')]);
    }
  });

  it('has nothing to say about soft edges and lines that were extracted from photographs', async () => {
    for (const name of photos) {
      const lines = await lineart.extract(await photo(name), lineartOptions.parse({}), noNetworks);
      expect(inspectMap('lineart', lines.map)).toEqual([]);
    }
    expect(inspectMap('softedge', await decodePicture(file('golden/extractors/hed_preview.png')))).toEqual([]);
  });

  it.each(['softedge', 'scribble', 'mlsd', 'lineart'])(
    'has nothing to say about white lines as a map of type %s',
    async (type) => {
      expect(inspectMap(type, await scene('03_canny'))).toEqual([]);
    },
  );

  it.each(['canny', 'depth', 'openpose', 'seg', 'mask', 'normal'])('says when a %s map is blank', (type) => {
    const blank = { width: 8, height: 8, data: new Uint8Array(192) };
    expect(inspectMap(type, blank)[0]).toContain('one flat colour');
  });
});

describe('inspectPhoto', () => {
  it.each<readonly [PhotoCheck, string]>([
    [softedgePhoto, '03_canny'],
    [scribblePhoto, '03_canny'],
    [mlsdPhoto, '03_canny'],
    [depthPhoto, '03_depth'],
    [segPhoto, '03_seg'],
    [maskPhoto, '03_canny'],
  ])('knows a finished map of type $id', async (check, name) => {
    expect(inspectPhoto(check, await scene(name))).toEqual([
      expect.stringMatching(new RegExp(`^${check.id}: .*"preprocess": false`)),
    ]);
  });

  it.each(networkChecks)('has nothing to say about photographs for $id', async (check) => {
    for (const name of photos) expect(inspectPhoto(check, await photo(name))).toEqual([]);
  });

  it.each(photos)('takes %s in grey or with a palette for no map of areas', async (name) => {
    const grey = await variant(name, (picture) => picture.greyscale());
    const few = await variant(name, (picture) => picture.png({ palette: true, colours: 16 }));
    expect([grey, few].flatMap((image) => inspectPhoto(segPhoto, image))).toEqual([]);
  });

  it('says when there is nothing to see', () => {
    const grey = { width: 16, height: 16, data: new Uint8Array(768).fill(120) };
    for (const check of networkChecks) {
      expect(inspectPhoto(check, grey)).toEqual([expect.stringContaining('one flat colour')]);
    }
  });
});

describe('the canny extractor', () => {
  it('gives three equal channels at the size of the picture', async () => {
    const image = await photo('coffee');
    const { map, warnings } = canny.extract(image, defaults);
    expect(warnings).toEqual([]);
    expect([map.width, map.height]).toEqual([image.width, image.height]);
    expect(map.data.every((value, i) => value === map.data[i - (i % 3)])).toBe(true);
  });

  it('warns when the picture already is an edge map', async () => {
    const edges = await scene('03_canny');
    expect(inspectPhoto(cannyPhoto, edges)[0]).toContain('"preprocess": false');
    expect(canny.extract(edges, defaults).warnings).toEqual(inspectPhoto(cannyPhoto, edges));
  });

  it('gives the reason for a blank map', () => {
    const grey = { width: 16, height: 16, data: new Uint8Array(768).fill(120) };
    const { map, warnings } = canny.extract(grey, { ...defaults, low_threshold: 60 });
    expect(map.data.some((value) => value > 0)).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('no edges found with thresholds 60/200; lower low_threshold')]);
  });

  it.each(photos)('takes %s for a photograph', async (name) => {
    expect(inspectPhoto(cannyPhoto, await photo(name))).toEqual([]);
  });
});
