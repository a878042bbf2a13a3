import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { BundledAnnotators } from '../../src/extractor/bundled-annotators.ts';
import { findPulled } from '../../src/models/annotators/pulled-files.ts';

const small = fileURLToPath(new URL('../conditions/networks/golden/yolox.onnx', import.meta.url));
const bundled = fileURLToPath(new URL('../../models/annotators', import.meta.url));

let place: string;
beforeEach(async () => (place = await mkdtemp(join(tmpdir(), 'armature-annotators-'))));
afterEach(async () => await rm(place, { recursive: true }));

async function put(path: string, text = ''): Promise<void> {
  await mkdir(join(place, path, '..'), { recursive: true });
  await writeFile(join(place, path), text);
}

describe('a pulled network', () => {
  it('is found in its folder, at any depth, with the settings beside it and above', async () => {
    await put('deep/onnx/model.onnx');
    await put('deep/preprocessor_config.json', '{"size": 70}');
    await put('deep/.armature-pull.json', 'hidden');
    expect(await findPulled('deep', [place])).toEqual({
      onnx: join(place, 'deep', 'onnx', 'model.onnx'),
      settings: { 'preprocessor_config.json': { size: 70 } },
    });
  });

  it('is told from others in its folder by its name', async () => {
    await put('dwpose/yolox_l.onnx');
    await put('dwpose/dw-ll_ucoco_384.onnx');
    expect((await findPulled('dwpose/yolox_l', [place]))?.onnx).toBe(join(place, 'dwpose', 'yolox_l.onnx'));
    await expect(findPulled('dwpose', [place])).rejects.toThrow(/several networks: dw-ll_ucoco_384, yolox_l/);
  });

  it('is no pipe of that name, nor is a setting', async () => {
    await mkdir(join(place, 'waits'));
    execFileSync('mkfifo', [join(place, 'waits', 'model.onnx'), join(place, 'waits', 'config.json')]);
    expect(await findPulled('waits', [place])).toBeNull();
    await put('waits/other.onnx');
    expect(await findPulled('waits', [place])).toEqual({ onnx: join(place, 'waits', 'other.onnx'), settings: {} });
  });

  it('is that of the first place that has it', async () => {
    await put('second/net/a.onnx');
    await put('third/net/b.onnx');
    const places = ['first', 'second', 'third'].map((name) => join(place, name));
    expect((await findPulled('net', places))?.onnx).toBe(join(place, 'second', 'net', 'a.onnx'));
  });

  it.each(['../secret', 'a/../b', '/etc', '.', '..', '', 'a/b/c', 'Deep', 'a\\b', '.hidden'])(
    'is not looked for by %j',
    async (id) => {
      await put('secret/model.onnx');
      expect(await findPulled(id, [join(place, 'inner')])).toBeNull();
    },
  );

  it('has settings that are JSON', async () => {
    await put('deep/model.onnx');
    await put('deep/config.json', '{');
    await expect(findPulled('deep', [place])).rejects.toThrow(/Expected JSON in config\.json/);
  });
});

describe('annotators', () => {
  it('are those of the package and those that were pulled', async () => {
    await mkdir(join(place, 'my-net'));
    await copyFile(small, join(place, 'my-net', 'model.onnx'));
    const source = new BundledAnnotators(bundled, [place]);
    expect((await source.annotator('my-net')).inputs).toEqual(['images']);
    expect((await source.annotator('fastdepth')).settings).toEqual({});
  });

  it.each([['nope'], ['nope/part'], ['../annotators/fastdepth'], ['annotators/../fastdepth']])(
    'that are missing say how they are brought: %s',
    async (id) => {
      const error: unknown = await new BundledAnnotators(bundled, [place]).annotator(id).catch((one: unknown) => one);
      expect(error).toBeInstanceOf(ArmatureError);
      expect(error).toMatchObject({ code: 'model_missing' });
    },
  );
});
