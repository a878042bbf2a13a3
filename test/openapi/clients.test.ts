import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { root, Service } from '../support/service.ts';

/** The generators, as `.ci/run` installs them. */
const generators = fileURLToPath(new URL('generators/', import.meta.url));
const binaries = [join(generators, 'venv', 'bin'), join(generators, 'node_modules', '.bin')];
const java = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'java')));
const missing = [
  ...['openapi-python-client', 'openapi-generator-cli', 'openapi-typescript']
    .filter((name) => !binaries.some((folder) => existsSync(join(folder, name))))
    .map((name) => `no ${name} in test/openapi/generators`),
  ...(java ? [] : ['no java']),
].join(', ');

const text = readFileSync(new URL('docs/api.md', root), 'utf8').split('\n## Clients\n')[1]!.split('\n## ')[0]!;
const [typesCommand, fetchCommand, pythonCommand] = blocks('sh');
const [typesProgram, fetchProgram] = blocks('ts');
const [pythonProgram] = blocks('python');

function blocks(language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^\`]*)\`\`\``, 'g'))].map(([, block]) => block!);
}

/** What the programs of the documentation do not show: they go on with a picture that is made larger. */
const typesUpscale = `
const larger = await armature.POST('/v1/upscales', {
  params: { header: { prefer: 'wait=60' } },
  body: { image: { generation: job.id, output: 0 }, scale: 2 },
});
if (larger.data?.outputs[0]?.width !== 512) throw new Error(JSON.stringify(larger.error ?? larger.data));
`;
const fetchUpscale = `
const { UpscalesApi } = await import('./armature/index.js');
const upscales = new UpscalesApi(new Configuration({ basePath: 'http://127.0.0.1:7860' }));
const larger = await upscales.upscalePicture({ prefer: 'wait=60', image: picture, scale: 2 });
if (larger.outputs[0]?.width !== 512) throw new Error(JSON.stringify(larger));
`;
const pythonUpscale = `
from armature_client.api.upscales import upscale_picture
from armature_client.models import UpscaleRequest

larger = upscale_picture.sync(
    client=client, body=UpscaleRequest(image=UploadedImage(upload_id=upload.id), scale=2), prefer="wait=60"
)
assert isinstance(larger, Job), larger
assert larger.outputs[0].width == 768, larger.outputs
`;

let service: Service;
let folder: string;

describe.skipIf(missing !== '' && process.env['CI'] === undefined)(
  `a client that is generated from the description, as docs/api.md says${missing === '' ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(async () => {
      expect(missing).toBe('');
      service = await Service.start();
      folder = await mkdtemp(join(tmpdir(), 'armature-clients-'));
      await symlink(join(generators, 'node_modules'), join(folder, 'node_modules'));
      await symlink(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    });
    afterAll(async () => {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('by openapi-typescript compiles and draws', async () => {
      await run(typesCommand!);
      await runTypeScript('types', typesProgram! + typesUpscale);
      await expectPicture('types.png');
      // Each media type of an answer has its own schema, and each schema a name.
      const types = await readFile(join(folder, 'armature.d.ts'), 'utf8');
      expect(types).toMatch(/200: \{[^}]*\};\s*content: \{\s*"application\/json": components\["schemas"\]\["Job"\];/);
      expect(types).not.toMatch(/Job"\] \| string/);
    });

    test('by openapi-generator as typescript-fetch compiles and draws', async () => {
      await run(fetchCommand!);
      await runTypeScript('fetch', fetchProgram! + fetchUpscale);
      await expectPicture('fetch.png');
      expect((await lastDrawing())?.effective).toMatchObject({
        guidance_scale: 5,
        controls: [{ type: 'canny' }],
      });
    });

    test('by openapi-python-client is whole, and draws', async () => {
      // A warning is of a piece that is left out.
      await run(pythonCommand!.replace('openapi-python-client generate', '$& --fail-on-warning'));
      await writeFile(join(folder, 'program.py'), here(pythonProgram! + pythonUpscale));
      await run('python program.py');
      await expectPicture('python.png');
      expect((await lastDrawing())?.effective).toMatchObject({ controls: [{ type: 'canny' }] });
    });
  },
);

/** A command or a program of the documentation, which names the default address. */
function here(block: string): string {
  return block.replaceAll('http://127.0.0.1:7860', service.address);
}

async function run(command: string): Promise<void> {
  const path = [...binaries, process.env['PATH'] ?? ''].join(delimiter);
  const options = { cwd: folder, env: { ...process.env, PATH: path } };
  // Compilers tell on their standard output what they do not like.
  await promisify(execFile)('bash', ['-euc', `{ ${here(command)}\n} >&2`], options);
}

/** Compiles a program with the client that it imports, strictly, and runs it. */
async function runTypeScript(name: string, program: string): Promise<void> {
  await writeFile(join(folder, `${name}.ts`), here(program));
  const options = ['--strict', '--target es2023', '--module nodenext', '--skipLibCheck'];
  const types = `--typeRoots ${fileURLToPath(new URL('node_modules/@types', root))} --types node`;
  await run(`tsc ${options.join(' ')} ${types} --lib es2023,dom,dom.iterable --outDir ${name}-js ${name}.ts`);
  await run(`node ${name}-js/${name}.js`);
}

async function expectPicture(name: string): Promise<void> {
  const { width, height } = await decodePicture(await readFile(join(folder, name)));
  expect([width, height]).toEqual([256, 256]);
}

/** The newest generation. */
async function lastDrawing(): Promise<{ readonly kind: string; readonly effective: unknown } | undefined> {
  const page = (await (await service.fetch('/v1/generations?limit=5')).json()) as {
    data: readonly { kind: string; effective: unknown }[];
  };
  return page.data.find(({ kind }) => kind === 'generation');
}
