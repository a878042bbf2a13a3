import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localServer } from '../fetch/local-server.ts';
import { hubServer } from '../models/pull/hub-server.ts';
import { modelsFolder } from '../support/diorama.ts';
import { armature } from './armature.ts';

let data: string;
beforeAll(async () => (data = await mkdtemp(join(tmpdir(), 'armature-cli-pull-'))));
afterAll(async () => await rm(data, { recursive: true }));

describe('armature models pull', () => {
  it('brings a ControlNet of the catalog that the library then lists with its type', async () => {
    const part = async (name: string): Promise<Uint8Array> =>
      await readFile(join(modelsFolder, 'diorama', 'controlnet-canny', name));
    const { hub, elsewhere } = await hubServer({
      repo: 'lllyasviel/control_v11p_sd15_canny',
      files: {
        'config.json': await part('config.json'),
        'diffusion_pytorch_model.fp16.safetensors': await part('diffusion_pytorch_model.safetensors'),
      },
    });
    const where = ['--hub', hub.origin, '--data', data, '--allow-fetch', elsewhere.host];
    const pulled = await armature(['models', 'pull', 'control-sd15-canny', ...where]);
    expect(pulled.stderr).toMatch(/sha256 [0-9a-f]{64}/);
    expect(pulled.code).toBe(0);
    expect(pulled.stdout).toMatch(/control-sd15-canny: 2 files, .* for canny\nLicence: OpenRAIL/);
    const listed = await armature(['models', 'list', '--data', data]);
    expect(listed.stdout).toMatch(/control-sd15-canny +other +canny/);
    const again = await armature(['models', 'pull', 'control-sd15-canny', ...where]);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('there already')]);
    const shown = await armature(['models', 'show', 'control-sd15-canny', '--data', data]);
    expect(shown.stdout).toMatch(/^pulled from +lllyasviel\/control_v11p_sd15_canny$/m);
    expect(shown.stdout).toMatch(/^armature\.json says +id, title, licence, controlnets$/m);
    const verified = await armature(['models', 'verify', 'control-sd15-canny', '--data', data]);
    expect([verified.code, verified.stdout.match(/ whole /g)?.length]).toEqual([0, 3]);
    const refused = await armature(['models', 'rm', 'diorama', '--data', data]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/never deleted/)]);
    const removed = await armature(['models', 'rm', 'control-sd15-canny', '--data', data]);
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining('3 files deleted, and ')]);
    expect((await armature(['models', 'list', '--data', data])).stdout).not.toMatch(/^control-sd15-canny /m);
    expect((await armature(['models', 'gc', '--data', data])).stdout).toMatch(/No interrupted pull/);
  });

  it('brings a network that the extractor then looks through', async () => {
    const part = async (name: string): Promise<Buffer> =>
      await readFile(new URL(`../conditions/networks/golden/${name}`, import.meta.url));
    const settings = JSON.parse((await part('depth-anything.json')).toString()) as Record<string, unknown>;
    const { hub, elsewhere } = await hubServer({
      repo: 'onnx-community/depth-anything-v2-small',
      files: {
        'onnx/model.onnx': await part('depth-anything.onnx'),
        'preprocessor_config.json': Buffer.from(JSON.stringify(settings['preprocessor_config.json'])),
      },
    });
    const where = ['--hub', hub.origin, '--data', data, '--allow-fetch', elsewhere.host];
    const id = 'depth-anything-v2-small';
    const photo = fileURLToPath(new URL('../conditions/networks/golden/photo.png', import.meta.url));
    const map = join(data, 'depth.png');
    const extract = ['extract', 'depth', photo, '--option', `network=${id}`, '--data', data, '-o', map];
    const missing = await armature(extract);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining(`armature models pull ${id}`)]);
    expect((await armature(['models', 'pull', id, ...where])).code).toBe(0);
    const extracted = await armature(extract);
    expect([extracted.code, extracted.stdout]).toEqual([0, expect.stringContaining('150x110')]);
  });

  it('says in one line what is wrong', async () => {
    const { hub } = await hubServer({ files: {} });
    const { code, stderr } = await armature(['models', 'pull', 'a/b', '--hub', hub.origin, '--data', data]);
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toMatch(/ARMATURE_HUB_TOKEN/);
  });

  it('offers the nearest name for one that is mistyped', async () => {
    const typo = await armature(['models', 'pull', 'control-sd15-cany', '--data', data]);
    expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining('Did you mean control-sd15-canny?')]);
    const { hub } = await hubServer({ files: { 'edges.safetensors': Buffer.alloc(9) } });
    const file = await armature([
      'models',
      'pull',
      'some/model:edgse.safetensors',
      '--hub',
      hub.origin,
      '--data',
      data,
    ]);
    expect([file.code, file.stderr]).toEqual([
      2,
      expect.stringContaining('Did you mean some/model:edges.safetensors?'),
    ]);
  });

  it('without a network names --hub, and says that it tries again meanwhile', async () => {
    const nobody = await localServer((_request, response) => response.destroy());
    const { code, stderr } = await armature(['models', 'pull', 'a/b', '--hub', nobody.origin, '--data', data]);
    const lines = stderr.trim().split('\n');
    expect(lines.slice(0, -1).every((line) => /Trying again in \d+ s$/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/^armature: .*--hub \(ARMATURE_HUB\).*HTTPS_PROXY/);
    expect([code, lines.length]).toEqual([1, 5]);
  });

  it('lists the catalog', async () => {
    const { stdout } = await armature(['models', 'catalog']);
    expect(stdout).toMatch(/control-sd15-canny +controlnet +canny +sd1/);
  });
});
