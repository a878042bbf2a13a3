import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findingsFile } from '../../src/config/model-folders.ts';
import { placeEmptyDatabase } from '../support/database-template.ts';
import { freePort } from '../support/free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-start-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** A program whose output can be waited for. */
class Program {
  output = '';
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #changed = (): void => {};

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...environment };
    this.child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#changed();
      });
    }
    this.exited = new Promise((resolve) => this.child.once('close', resolve));
  }

  async says(text: string): Promise<void> {
    const gone = this.exited.then(() => 'gone');
    while (!this.output.includes(text)) {
      const changed = new Promise<void>((resolve) => (this.#changed = resolve));
      if ((await Promise.race([gone, changed])) === 'gone' && !this.output.includes(text))
        throw new Error(`It ended without "${text}":\n${this.output}`);
    }
  }
}

async function start(...args: readonly string[]): Promise<Program> {
  const port = await freePort();
  return new Program(['scripts/start.mjs', '--data', join(folder, 'data'), '--port', String(port), ...args]);
}

// It waits for as long as a busy machine takes to make a database and to draw.
describe('npm start', { timeout: 240_000 }, () => {
  it('says what it does, draws the first time, and answers Ctrl-C', async () => {
    const first = await start();
    await first.says('Ctrl-C stops the server.');
    for (const step of ['Opening the embedded database ..', 'Opening the server ..', 'Drawing "a red cube'])
      expect(first.output).toContain(step);
    const drawn = await stat(join(folder, 'data', 'first-picture.png'));
    first.child.kill('SIGINT');
    await first.says('Ctrl-C again stops at once.');
    expect(await first.exited).toBe(0);

    const second = await start();
    await second.says('Ctrl-C stops the server.');
    expect(second.output).not.toContain('Drawing');
    expect(second.output).toContain('first-picture.png');
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect((await stat(join(folder, 'data', 'first-picture.png'))).mtimeMs).toBe(drawn.mtimeMs);
  });

  it('is stopped at once while it looks at models', async () => {
    const [data, models] = [join(folder, 'looking'), join(folder, 'many')];
    await mkdir(models);
    // None of them can be used, and it takes a while to find that out of all.
    const files = Array.from({ length: 1500 }, (_, index) => join(models, `${index}.safetensors`));
    const header = Buffer.from(JSON.stringify({ __metadata__: { padding: 'x'.repeat(10_000) } }));
    const length = Buffer.alloc(8);
    length.writeUInt32LE(header.length);
    await Promise.all(files.map(async (file) => await writeFile(file, Buffer.concat([length, header]))));
    const program = await start('--no-picture', '--data', data, '--models', models);
    await program.says('Looking at the models');
    program.child.kill('SIGINT');
    expect(await program.exited).toBe(0);
    expect(program.output).toContain('Stopping before the start is done: nothing is lost. Ctrl-C again stops at once.');
    expect(program.output).not.toContain('armature:');
    // It was not looked to the end first: nothing of it is kept, and no data folder was begun.
    expect(existsSync(findingsFile({ data }))).toBe(false);
    expect(existsSync(join(data, 'database'))).toBe(false);
  });

  it('is stopped at once while it makes a database, which is no failure', async () => {
    const data = join(folder, 'stopped');
    const program = await start('--no-picture', '--data', data);
    await program.says('Opening the embedded database');
    program.child.kill('SIGINT');
    expect(await program.exited).toBe(0);
    expect(program.output).toContain('Stopping before the start is done: nothing is lost. Ctrl-C again stops at once.');
    expect(existsSync(join(data, 'lock'))).toBe(false);
    // It was not made to its end first.
    expect(existsSync(join(data, 'database', 'PG_VERSION'))).toBe(false);
    expect(program.output).not.toContain('armature:');
    expect(program.output).not.toContain('answers at');
  });
});

describe('serve', () => {
  it('ends with one line where CUDA is asked for and is not there', async () => {
    await placeEmptyDatabase(join(folder, 'cuda'));
    const place = ['--data', join(folder, 'cuda'), '--port', String(await freePort())];
    const program = new Program(['dist/cli.js', 'serve', '--provider', 'cuda', ...place]);
    const exit = await Promise.race([program.exited, program.says('answers at').then(() => 'answers')]).catch(
      async () => await program.exited,
    );
    program.child.kill('SIGTERM');
    // A machine that has CUDA answers.
    if (exit === 'answers') return;
    expect(exit).toBeGreaterThan(0);
    const lines = program.output.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^armature: CUDA device 0 was asked for and cannot be used, because .*choose cpu or auto\.$/,
    );
  });
});

// A driver that kills its process, with every start anew.
it('serve can be stopped while it waits for a CUDA that ends again and again', { timeout: 120_000 }, async () => {
  const hook = join(folder, 'end-device.cjs');
  await writeFile(hook, "if (/device.main\\.js$/.test(process.argv[1] ?? '')) process.kill(process.pid, 'SIGKILL');\n");
  await placeEmptyDatabase(join(folder, 'ending'));
  const place = ['--data', join(folder, 'ending'), '--port', String(await freePort())];
  const program = new Program(['dist/cli.js', 'serve', '--provider', 'cuda', ...place], {
    NODE_OPTIONS: `--require ${JSON.stringify(hook)}`,
  });
  await program.says('the device process ended');
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  expect(program.output).not.toContain('answers at');
});

describe('the built command', () => {
  it('may be run, though the build made it anew', () => {
    expect(statSync(join(root, 'dist', 'cli.js')).mode & 0o111).toBe(0o111);
    expect(execFileSync(join(root, 'dist', 'cli.js'), ['--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+/);
  });
});
