import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf, FileFault } from '../../../src/cli/terminal/exit-codes.ts';
import { showItems } from '../../../src/cli/terminal/progress.ts';
import { readConfig } from '../../../src/config/config.ts';
import { isLoopback } from '../../../src/config/safe-host.ts';
import { ArmatureError, systemReason } from '../../../src/errors.ts';
import { placeEmptyDatabase } from '../../support/database-template.ts';
import { armature, spawnArmature } from '../armature.ts';

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-codes-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function shell(
  line: string,
): Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: string }> {
  const child = spawn('bash', ['-c', line, 'bash', process.execPath, cli], {
    env: { ...process.env, ARMATURE_DATA: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('exit codes', () => {
  it('are those of the table in docs/commands.md', async () => {
    const text = await readFile(new URL('../../../docs/commands.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
    expect(rows).toEqual([0, 1, 2, 130, 143]);
  });

  it('tell what cannot be asked for from what fails', () => {
    const code = (error: unknown): number => exitCodeOf(error, null);
    for (const wrong of ['invalid_config', 'invalid_request', 'unknown_model', 'unknown_condition'] as const) {
      expect(code(new ArmatureError(wrong, 'x'))).toBe(2);
    }
    for (const thing of ['autoencoder', 'control', 'embedding', 'lora'] as const)
      expect(code(new ArmatureError(`incompatible_${thing}`, 'x'))).toBe(2);
    for (const failed of ['invalid_image', 'unavailable', 'not_found', 'blank_map', 'cancelled'] as const) {
      expect(code(new ArmatureError(failed, 'x'))).toBe(1);
    }
    expect(code(new FileFault('invalid_request', 'x'))).toBe(1);
    expect(code(new Error('x'))).toBe(1);
    const stopped = new ArmatureError('cancelled', 'x');
    expect([exitCodeOf(stopped, 'SIGINT'), exitCodeOf(stopped, 'SIGTERM')]).toEqual([130, 143]);
    expect(exitCodeOf(new ArmatureError('storage_full', 'x'), 'SIGINT')).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('say that a command ended because of %s', async (signal) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const args = ['models', 'pull', 'owner/name', '--hub', `http://127.0.0.1:${port}`, '--data', join(folder, 'pull')];
    const child = spawnArmature(args);
    // It waits for the answer.
    await once(server, 'request');
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([signal === 'SIGINT' ? 130 : 143, null]);
    server.closeAllConnections();
    server.close();
  });
});

describe('an output that nobody reads', () => {
  it.each([
    ['help', '"$1" "$2" serve --help | head -2'],
    ['a list', '"$1" "$2" models list --json | head -1'],
    ['a reader that is gone at once', '"$1" "$2" models catalog | true'],
    ['a failure', '"$1" "$2" generate x --steps -1 2>&1 >/dev/null | true'],
  ])('is no failure, and nothing is said of it: %s', async (name, line) => {
    const { stderr, stdout } = await shell(`set -o pipefail; ${line}; echo "code \${PIPESTATUS[0]}"`);
    expect(stderr.replace(/^\(data folder .*\)\n$/, '')).toBe('');
    expect(stdout).toMatch(name === 'a failure' ? /code 2\n$/ : /code 0\n$/);
  });

  it.runIf(process.platform === 'linux')('fails where its disk is full, and says so in words', async () => {
    const { code, stderr } = await shell('"$1" "$2" models catalog > /dev/full');
    expect(code).toBe(1);
    expect(stderr).toBe('armature: Standard output cannot be written: no room is left on the disk.\n');
  });
});

describe('what the system refuses', () => {
  it('is said in words, by the name of the file', async () => {
    await mkdir(join(folder, 'dir'));
    await writeFile(join(folder, 'file'), '');
    const here = join(folder, 'dir');
    const tries = [
      ['extract', 'canny', here],
      ['extract', 'canny', join(folder, 'file', 'below.png')],
      ['generate', 'x', '--canny', join(folder, 'none.png')],
      ['generate', 'x', '--pose', here],
      ['batch', here, '-o', join(folder, 'out')],
      ['batch', '--images', join(folder, 'file'), '--condition', 'canny', '--prompt', 'x', '-o', join(folder, 'out')],
      ['models', 'list', '--data', join(folder, 'file', 'below')],
      ['models', 'list', '--models', join(folder, 'file')],
      ['keys', 'list', '--data', join(folder, 'file')],
    ];
    for (const args of tries) {
      const { code, stderr } = await armature(args, { ARMATURE_DATA: join(folder, 'data') });
      expect(stderr).not.toMatch(/\bE[A-Z]{3,}\b|unexpected error/);
      // A data folder that cannot be read has no models.
      if (code !== 0) expect(stderr).toMatch(/^armature: [^\n]+\.\n$/);
    }
  });

  it('has words for every common answer', () => {
    const reason = (code: string): string | null => systemReason(Object.assign(new Error(code), { code, errno: -1 }));
    for (const code of ['EACCES', 'EISDIR', 'ENOENT', 'ENOSPC', 'EROFS']) expect(reason(code)).not.toContain(code);
    expect(systemReason(new Error('x'))).toBeNull();
  });
});

/** The modules that a built file is made of, as its map has them. */
async function bundledIn(url: string): Promise<readonly string[]> {
  if (!url.includes('/dist/') || url.includes('/node_modules/')) return [];
  // The bundler's own few lines, which no module stands for.
  if (url.includes('/chunks/rolldown-runtime-')) return [];
  return (JSON.parse(await readFile(`${fileURLToPath(url)}.map`, 'utf8')) as { readonly sources: string[] }).sources;
}

describe('what is loaded', () => {
  it.each([['--version'], ['--help'], ['serve --help']])('for %s is little', async (line) => {
    const coverage = join(folder, `coverage ${line}`);
    const { code } = await armature(line.split(' '), { NODE_V8_COVERAGE: coverage });
    expect(code).toBe(0);
    const [name] = await readdir(coverage);
    const { result } = JSON.parse(await readFile(join(coverage, name!), 'utf8')) as { result: { url: string }[] };
    const urls = result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
    const loaded = [...urls, ...(await Promise.all(urls.map(bundledIn))).flat()];
    for (const light of ['commander', 'cli/run']) expect(loaded.some((name) => name.includes(light))).toBe(true);
    for (const heavy of ['sharp', 'zod', 'onnxruntime', 'fastify', 'conditions/', 'records/open']) {
      expect(loaded.filter((name) => name.includes(heavy))).toEqual([]);
    }
  });

  it('is every command, under the description that --help gives it', async () => {
    const { stdout } = await armature(['--help']);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) {2,}(\w.*)$/gm)].map(([, name, text]) => [name!, text!] as const);
    expect(listed.map(([name]) => name)).toEqual([
      'serve',
      'api',
      'worker',
      'generate',
      'extract',
      'upscale',
      'train',
      'models',
      'batch',
      'jobs',
      'keys',
      'data',
    ]);
    for (const [name, text] of listed) expect((await armature(['help', name])).stdout).toContain(text);
  });
});

describe('the options of a service', () => {
  it.each(['serve', 'api', 'worker'])('of %s stand under headings', async (command) => {
    const { stdout } = await armature([command, '--help']);
    const headings = [...stdout.matchAll(/^([A-Z][^:\n]*):$/gm)].map(([, heading]) => heading);
    for (const heading of ['Where it listens, and for whom', 'Data', 'Jobs and results', 'Log']) {
      expect(headings).toContain(heading);
    }
    expect(stdout.split('\nOptions:\n')[1]).toMatch(/^ {2}-h, --help +display help for command\n\nExamples?:\n/);
  });
});

describe('--host', () => {
  it.each([
    ['[::1]', '::1', true],
    ['::1', '::1', true],
    ['0:0:0:0:0:0:0:1', '::1', true],
    ['[::]', '::', false],
    ['::ffff:127.0.0.1', '::ffff:7f00:1', true],
    ['::ffff:10.0.0.1', '::ffff:a00:1', false],
    ['LocalHost', 'LocalHost', true],
    ['[FE80::1]', 'fe80::1', false],
    ['192.168.0.1', '192.168.0.1', false],
  ])('%s is %s', (given, host, loopback) => {
    expect(readConfig({ host: given }, {}).host).toBe(host);
    expect(isLoopback(host)).toBe(loopback);
  });

  it.each(['[localhost]', '[::1', 'a b', 'http://x', '[]'])('is not %s', (given) => {
    expect(() => readConfig({ host: given }, {})).toThrow(/host name or an address such as ::1/);
  });

  it('in brackets is listened on, and told as a URL', async () => {
    await placeEmptyDatabase(join(folder, 'v6'));
    const child = spawnArmature(['serve', '--host', '[::1]', '--port', '0', '--data', join(folder, 'v6')]);
    let said = '';
    for await (const text of child.stderr!) {
      said += String(text);
      if (said.includes('answers at')) break;
    }
    const address = /http:\/\/\[::1\]:\d+/.exec(said)?.[0];
    expect((await fetch(`${address}/livez`)).status).toBe(200);
    const jobs = await armature(['jobs', 'list'], { ARMATURE_DATA: join(folder, 'v6') });
    expect(jobs.stdout).toBe('No jobs.\n');
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

describe('the progress of many items on a terminal', () => {
  it('is there before the first has ended, with the steps of those that are drawn', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100 }) as unknown as NodeJS.WriteStream;
    const said = (): string => String((stream as unknown as PassThrough).read() ?? '');
    const shown = showItems(stream, 4);
    shown.begin(1);
    expect(said()).toContain('item 1/4 · waiting');
    shown.steps({ items: 2, step: 10, steps: 40 });
    shown.stop();
    expect(said()).toContain('item 1/4 · step 10/40 of 2');
  });
});
