import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addControls, type ControlArgument } from '../../../src/cli/controls/control-options.ts';
import { generationBody } from '../../../src/cli/generate/generation-body.ts';
import { controlBodies } from '../../../src/cli/controls/control-bodies.ts';
import { PictureFiles } from '../../../src/cli/files/picture-files.ts';
import { parseGeneration } from '../../../src/generation/parse.ts';
import type { GenerationRequest } from '../../../src/generation/request/generation.ts';

function controlsOf(line: string) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const controls = addControls(command);
  command.parse(line.split(' '), { from: 'user' });
  return controls.list;
}

/** The request that `armature generate` makes of these controls. */
async function requestOf(controls: readonly ControlArgument[]): Promise<GenerationRequest> {
  const body = generationBody('x', 'm', {}, await controlBodies(controls), 'png');
  return parseGeneration(new PictureFiles().asParts(body));
}

describe('controls on the command line', () => {
  it('are image prompts too, of one picture or several', async () => {
    const controls = controlsOf(
      '--image-prompt a.png --control-scale 0.5 --image-prompt b.png --and-picture c.png --and-picture d.png',
    );
    const request = await requestOf(controls);
    expect(request.controls).toMatchObject([
      { type: 'image_prompt', image: { part: '0' }, scale: 0.5 },
      { type: 'image_prompt', image: { part: '1' }, images: [{ part: '1' }, { part: '2' }, { part: '3' }] },
    ]);
  });

  it('lose no mask that stands beside an image prompt of several pictures: it is refused', async () => {
    const controls = controlsOf('--image-prompt a.png --inpaint-mask m.png --and-picture b.png');
    await expect(requestOf(controls)).rejects.toMatchObject({
      code: 'invalid_request',
      field: expect.stringMatching(/^controls\[0\]\.images\[0\]/),
    });
  });

  it('keep their order, and what stands behind a control acts on it alone', async () => {
    const controls = controlsOf(
      '--depth room.png --control-scale 0.6 --canny a.jpg --extract low_threshold=50 --canny b.png --map ' +
        '--control-start 0.1 --control-end 0.8 --control-every 5 --control-mode prompt --control-model my-edges --resize fill',
    );
    const request = await requestOf(controls);
    expect(request.controls).toEqual([
      {
        type: 'depth',
        image: { part: '0' },
        scale: 0.6,
        start: 0,
        end: 1,
        every: 1,
        mode: 'balanced',
        passes: 'both',
        resize: 'crop',
      },
      {
        type: 'canny',
        image: { part: '1' },
        preprocess: { low_threshold: 50 },
        scale: 1,
        start: 0,
        end: 1,
        every: 1,
        mode: 'balanced',
        passes: 'both',
        resize: 'crop',
      },
      {
        type: 'canny',
        image: { part: '2' },
        preprocess: false,
        model: 'my-edges',
        scale: 1,
        start: 0.1,
        end: 0.8,
        every: 5,
        mode: 'prompt',
        passes: 'both',
        resize: 'fill',
      },
    ]);
    expect(controls.map(({ file }) => file)).toEqual(['room.png', 'a.jpg', 'b.png']);
  });

  it('may be structure as data, and have a resolution of their own', () => {
    const controls = controlsOf('--pose people.json --canny a.jpg --resolution 768 --layout room.json');
    expect(controls).toMatchObject([
      { type: 'openpose', file: 'people.json', structure: 'pose', fields: {} },
      { type: 'canny', file: 'a.jpg', structure: null, fields: { resolution: 768 } },
      { type: 'seg', file: 'room.json', structure: 'layout' },
    ]);
  });

  it('may act in a region', async () => {
    const controls = controlsOf('--canny a.jpg --control-mask left.png --inpaint b.png --inpaint-mask hole.png');
    expect(controls).toMatchObject([
      { file: 'a.jpg', fields: { mask: { file: 'left.png' } }, mask: null },
      { file: 'b.png', fields: {}, mask: 'hole.png' },
    ]);
    expect((await requestOf(controls)).controls).toMatchObject([
      { image: { part: '0' }, mask: { part: '1' } },
      { image: { picture: { part: '2' }, mask: { part: '3' } } },
    ]);
  });

  it('leave what is no number to the check of the request', async () => {
    const controls = controlsOf('--canny a.jpg --control-scale much');
    await expect(requestOf(controls)).rejects.toThrow(/controls\[0\]\.scale.*"much"/);
  });

  it.each(['--map', '--control-scale 1', '--extract a=1', '--resize fill', '--control-mask a.png'])(
    'come before %s',
    (option) => {
      expect(() => controlsOf(`${option} --canny a.jpg`)).toThrow(/control before it/);
    },
  );

  it('take an option of the extractor as NAME=VALUE only', () => {
    expect(() => controlsOf('--canny a.jpg --extract low_threshold')).toThrow(/NAME=VALUE/);
  });
});
