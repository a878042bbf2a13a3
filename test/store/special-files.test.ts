import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PictureFiles } from '../../src/cli/files/picture-files.ts';
import { controlBodies } from '../../src/cli/controls/control-bodies.ts';
import { openFileStore } from '../../src/store/file-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'special-files-'));
const pipe = join(folder, 'pipe.png');
execFileSync('mkfifo', [pipe]);

it('that are named as pictures or structure on the command line are not opened', async () => {
  const picture = await new PictureFiles().add(pipe).catch((thrown: unknown) => thrown);
  expect(picture).toMatchObject({ code: 'invalid_image', message: expect.stringContaining('it is no ordinary file') });
  const control = {
    type: 'openpose',
    structure: 'pose',
    file: pipe,
    mask: null,
    fields: {},
    options: {},
  };
  const pose = await controlBodies([control as never]).catch((thrown: unknown) => thrown);
  expect(pose).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('it is a pipe') });
});

it('are no objects of a store', async () => {
  const store = await openFileStore(join(folder, 'store'));
  await mkdir(join(folder, 'store', 'objects', 'a'), { recursive: true });
  execFileSync('mkfifo', [join(folder, 'store', 'objects', 'a', 'pipe')]);
  for (const read of [store.get('a/pipe'), store.read('a/pipe'), store.get('a')]) {
    await expect(read).rejects.toMatchObject({ code: 'not_found' });
  }
  expect(await store.stat('a/pipe')).toBeNull();
});
