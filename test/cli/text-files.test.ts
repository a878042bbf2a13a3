import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { itemsOfFile } from '../../src/cli/batch/read-items.ts';
import { controlBodies } from '../../src/cli/controls/control-bodies.ts';

/** Files of JSON that the command line reads, as the server reads a body. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-text-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function written(bytes: string | Buffer): Promise<string> {
  const file = join(folder, 'file.json');
  await writeFile(file, bytes);
  return file;
}

const readers: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  'a file of a batch': async (file) => (await itemsOfFile(file)).map(({ body }) => body),
  'a pose': async (file) =>
    (
      await controlBodies([
        { type: 'openpose', structure: 'pose', file, mask: null, more: [], fields: {}, options: {} },
      ])
    ).map(({ image }) => (image as { pose: unknown }).pose),
};

describe.each(Object.keys(readers))('%s', (name) => {
  const read = async (bytes: string | Buffer): Promise<unknown> => await readers[name]!(await written(bytes));

  test('may begin with a byte order mark', async () => {
    expect(await read('\uFEFF{"prompt": "K\u00fcche"}')).toEqual([{ prompt: 'K\u00fcche' }]);
  });

  test.each([
    ['that is not UTF-8', Buffer.from('{"prompt": "K\u00fcche"}', 'latin1'), /UTF-8/],
    ['in UTF-16', Buffer.from('\uFEFF{"prompt": "x"}', 'utf16le'), /UTF-16/],
    ['with a name twice', '{"prompt": "a", "pr\\u006fmpt": "b"}', /twice/],
    ['with a number that would be changed', '{"metadata": {"id": 12345678901234567890}}', /number/],
    ['that is no JSON', '{"prompt": }', /cannot be parsed/],
    ['that is too deep', `{"a": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /inside each other/],
  ])('%s is refused in one line', async (_, bytes, reason) => {
    const error = await read(bytes).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(reason) as string });
    expect((error as Error).message).not.toContain('\n');
  });
});

test('what is wrong in a file of a batch is said with its line', async () => {
  const file = await written('{"prompt": "a"}\n\n{"prompt": "a", "prompt": "b"}\n');
  await expect(itemsOfFile(file)).rejects.toThrow(/twice, at line 3, column 25\.$/);
});
