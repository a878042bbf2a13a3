import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guessType } from '../../src/models/kinds/controlnet/guess-type.ts';
import { bundledId, fileModelName, folderModelName, modelIdPattern, slug } from '../../src/models/names/model-id.ts';

describe('ids', () => {
  it.each([
    ['v1-5-pruned-emaonly', 'v1-5-pruned-emaonly'],
    ['Dream Shaper 8 (LCM)', 'dream-shaper-8-lcm'],
    ['Übermodell', 'ubermodell'],
    ['...', 'model'],
    ['模型', 'model'],
  ])('makes %s to %s', (name, id) => {
    expect(slug(name)).toBe(id);
    expect(slug(name)).toMatch(modelIdPattern);
  });

  it('calls a file after its folder where it has the name of every download', () => {
    expect(fileModelName(join('x', 'Canny.safetensors'))).toBe('Canny');
    expect(folderModelName(join('sdxl_models', 'image_encoder'))).toBe('sdxl_models image_encoder');
    expect(folderModelName(join('models', 'image_encoder_xl'))).toBe('image_encoder_xl');
    expect(fileModelName(join('canny-sdxl', 'diffusion_pytorch_model.fp16.safetensors'))).toBe('canny-sdxl');
  });

  it.each([
    ['controlnet-canny', 'base-canny'],
    ['controlnet', 'base-controlnet'],
    ['controlnet_1', 'base-1'],
    ['control_v11p_sd15_seg.safetensors', 'base-control_v11p_sd15_seg'],
  ])('calls %s in a base model %s', (path, id) => {
    expect(bundledId('base', path)).toBe(id);
  });
});

// Names as they are published by the makers of ControlNet and of models for it.
describe('a guess from the name', () => {
  it.each([
    ['control_v11p_sd15_canny', 'canny'],
    ['control_v11f1p_sd15_depth', 'depth'],
    ['control_v11p_sd15_openpose', 'openpose'],
    ['control_v11p_sd15_seg', 'seg'],
    ['control_v11p_sd15_softedge', 'softedge'],
    ['control_v11p_sd15_mlsd', 'mlsd'],
    ['control_v11p_sd15s2_lineart_anime', 'lineart'],
    ['control_v11p_sd15_normalbae', 'normal'],
    ['control_v11f1e_sd15_tile', 'tile'],
    ['control_v11e_sd15_ip2p', null],
    ['controlnet-depth-sdxl-1.0', 'depth'],
    ['segmentation-net', 'seg'],
    // The longest name counts, whichever condition is listed first.
    ['hed-of-a-sketch', 'scribble'],
    ['depth-and-lineart', 'lineart'],
    ['canny-or-depth', 'canny'],
    ['my-model', null],
  ])('%s is for %s', (name, type) => {
    expect(guessType(name)).toBe(type);
  });
});
