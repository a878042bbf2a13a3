import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolderWithDatabase } from '../support/database-template.ts';
import { armature } from './armature.ts';
import { OneProcess } from './one-process.ts';

let data: string;
const one = new OneProcess();

beforeAll(async () => {
  data = await dataFolderWithDatabase();
});
afterAll(async () => {
  await one.close();
  await rm(data, { recursive: true });
});

/**
 * Each command is run as users run it once at least, and what starts a service is; what else is said is found out in one process.
 */
const asUsersDo: ReadonlySet<string> = new Set([
  'serve',
  'generate',
  'upscale',
  'models list',
  'batch',
  'jobs list',
  'keys create',
  'an unknown command',
  'an open host without keys',
  'a worker without PostgreSQL',
  'a PostgreSQL that is not there',
  'a picture that is none',
  'an unknown condition',
  'a key that is not there',
  'a server that is not there',
]);

function asGiven(what: string): typeof armature {
  return asUsersDo.has(what) ? armature : async (args, env) => await one.run(args, env);
}

describe('help', () => {
  it.each([
    ['serve'],
    ['api'],
    ['worker'],
    ['generate'],
    ['extract'],
    ['upscale'],
    ['train'],
    ['models list'],
    ['models set-type'],
    ['models set'],
    ['models show'],
    ['models graph'],
    ['models pull'],
    ['models verify'],
    ['models rm'],
    ['models gc'],
    ['models catalog'],
    ['batch'],
    ['jobs list'],
    ['jobs show'],
    ['jobs cancel'],
    ['keys create'],
    ['keys list'],
    ['keys rotate'],
    ['keys revoke'],
    ['jobs dead'],
    ['jobs retry'],
  ])('of %s says what it does, with an example that begins with the command', async (command) => {
    const { code, stdout } = await asGiven(command)([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: armature /);
    expect(stdout).toMatch(/\nExamples?:\n/);
    expect(stdout).toContain(`\n  armature ${command}`);
  });

  it('names the variable of every setting', async () => {
    const { stdout } = await one.run(['serve', '--help']);
    for (const flag of ['host', 'port', 'data', 'models', 'redis-url', 'postgres-url', 'memory-budget', 'log-level']) {
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
        new RegExp(`--${flag} <.*ARMATURE_${flag.toUpperCase().replace('-', '_')}`),
      );
    }
  });
});

const folder = (name: string, condition = 'canny'): readonly string[] =>
  ['batch', '--images', name, '--condition', condition, '--prompt', 'x'] as const;

describe('what goes wrong', () => {
  it.each([
    ['an unknown command', ['draw'], 2, /unknown command 'draw'/],
    ['a mistyped command of models', ['models', 'lst'], 2, /unknown command 'lst' \(Did you mean list\?\)/],
    ['help for an unknown command', ['help', 'draw'], 2, /There is no command "draw"\. The choices are serve,/],
    [
      'a place to fetch from that is none',
      ['serve', '--allow-fetch', 'http://x'],
      2,
      /10\.0\.0\.0\/8 for --allow-fetch/,
    ],
    [
      'an output below a file',
      ['generate', 'x', '-o', 'package.json/out.png'],
      1,
      /out\.png cannot be written: a part of/,
    ],
    ['a repository outside of its hub', ['models', 'pull', '../x'], 2, /owner\/name:file but received "\.\.\/x"/],
    [
      'a key that would be no good',
      ['keys', 'create', '--name', 'x', '--expires', '0s'],
      2,
      /expires_at.* time to come/,
    ],
    [
      'a tenant that is none',
      ['keys', 'create', '--name', 'x', '--tenant', '../x'],
      2,
      /tenant to be 1 to 63 small letters/,
    ],
    [
      'a name that is empty',
      ['keys', 'create', '--name', ''],
      2,
      /name to be text of 1 to 100 characters but received ""/,
    ],
    ['an unknown option', ['generate', 'x', '--sead', '7'], 2, /unknown option '--sead'/],
    ['a missing argument', ['generate'], 2, /missing required argument 'prompt'/],
    ['a setting out of range', ['serve', '--port', '99999'], 2, /65535 for --port but received "99999".*ARMATURE_PORT/],
    [
      'a data folder where none can be made',
      ['serve', '--data', '/proc/armature'],
      2,
      /\/proc\/armature cannot be used/,
    ],
    ['an open host without keys', ['serve', '--host', '0.0.0.0'], 2, /--allow-anonymous/],
    ['a worker without PostgreSQL', ['worker'], 2, /armature worker.*PostgreSQL/],
    ['an api without PostgreSQL', ['api'], 2, /armature api.*PostgreSQL/],
    [
      'a PostgreSQL that is not there',
      ['worker', '--postgres-url', 'postgres://127.0.0.1:1/x'],
      1,
      /No PostgreSQL answers at 127\.0\.0\.1:1/,
    ],
    ['a folder of models that is not there', ['models', 'list', '--models', '/nowhere'], 2, /--models.*\/nowhere/],
    ['an option before any control', ['generate', 'x', '--control-scale', '0.5'], 2, /control before it/],
    ['steps below the range', ['generate', 'x', '--steps', '-1'], 2, /steps.*-1/],
    ['an output that is no picture', ['generate', 'x', '-o', 'out.bmp'], 2, /\.png/],
    ['an unknown model', ['generate', 'x', '--model', 'dioramma'], 2, /Did you mean diorama/],
    ['a picture that is not there', ['generate', 'x', '--canny', 'nothing.jpg'], 1, /nothing\.jpg.*no such file/],
    ['a picture that is none', ['generate', 'x', '--canny', 'package.json'], 1, /Expected a picture.*JSON/],
    ['an unknown condition', ['extract', 'cany', 'x.jpg'], 2, /Did you mean canny/],
    ['an unknown option of an extractor', ['extract', 'canny', 'x.jpg', '--option', 'low=1'], 2, /low_threshold/],
    ['a type that is no condition', ['models', 'set-type', 'diorama-seg', 'magic'], 2, /\(canny,.* seg,.*\).*"magic"/],
    ['a prediction that is none', ['models', 'set', 'diorama', '--prediction-type', 'w'], 2, /epsilon.*auto.*"w"/],
    ['a setting of nothing', ['models', 'set', 'diorama'], 2, /--prediction-type, --zero-snr/],
    ['a model to show that is not there', ['models', 'show', 'dioramma'], 2, /Did you mean diorama/],
    ['a network of nothing', ['models', 'graph', 'dioramma'], 2, /Did you mean diorama/],
    [
      'a network that a base model has not',
      ['models', 'graph', 'diorama', '--network', 'controlnet'],
      2,
      /diorama has no network controlnet\. The choices are unet, text-encoder, vae-decoder, vae-encoder\./,
    ],
    [
      'a network that a ControlNet has not',
      ['models', 'graph', 'diorama-canny', '--network', 'unet'],
      2,
      /diorama-canny has no network unet\. The choices are controlnet, hint-encoder\./,
    ],
    ['a scope that is none', ['keys', 'create', '--name', 'x', '--scope', 'all'], 2, /scopes.*generate.*admin/],
    ['a quota without a window', ['keys', 'create', '--name', 'x', '--quota', '5e9'], 2, /5e9\/day/],
    [
      'a length of time that is none',
      ['keys', 'create', '--name', 'x', '--expires', 'soon'],
      2,
      /90d.*--expires.*soon/,
    ],
    [
      'a key that is not there',
      ['keys', 'revoke', 'key_x', '--postgres-url', 'postgres://127.0.0.1:1/x'],
      1,
      /No PostgreSQL/,
    ],
    ['a batch of nothing', ['batch', '-o', 'out'], 2, /a file of requests or --images/],
    ['a batch of a file and a folder', ['batch', 'x.jsonl', '--images', 'y', '-o', 'out'], 2, /either a file/],
    ['a batch without an output folder', ['batch', 'x.jsonl'], 2, /-o, --output/],
    ['a file of requests that is not there', ['batch', 'x.jsonl', '-o', 'out'], 1, /x\.jsonl.*no such file/],
    ['a file of requests that is none', ['batch', 'README.md', '-o', 'out'], 1, /JSON in README\.md, line 1/],
    [
      'a file of requests with options',
      ['batch', 'x.jsonl', '--steps', '4', '-o', 'out'],
      2,
      /--steps goes with --images/,
    ],
    [
      'a file of requests with a control',
      ['batch', 'x.jsonl', '--canny', 'y', '-o', 'out'],
      2,
      /--canny goes with --images/,
    ],
    ['a folder without a prompt', ['batch', '--images', 'examples', '-o', 'out'], 2, /--prompt/],
    ['a folder without a condition', ['batch', '--images', 'examples', '--prompt', 'x', '-o', 'out'], 2, /--condition/],
    ['a folder that is not there', [...folder('nowhere'), '-o', 'out'], 1, /nowhere.*cannot be read/],
    ['a folder without pictures', [...folder('src'), '-o', 'out'], 1, /pictures.*in src but found none/],
    ['an unknown condition for a folder', [...folder('examples', 'cany'), '-o', 'out'], 2, /Did you mean canny/],
    ['an output among the pictures', [...folder('examples'), '-o', 'examples/'], 2, /another folder than --images/],
    ['a server that is not there', ['jobs', 'list', '--server', 'http://127.0.0.1:1'], 1, /armature serve/],
  ])('is one line: %s', async (what, args, expected, reason) => {
    const { code, stdout, stderr } = await asGiven(what)(args, { ARMATURE_DATA: data });
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/^armature: [^\n]*\n(\([^\n]*\)\n)?$/);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });
});

describe('models', () => {
  it('are listed, with the ControlNets that came with them', async () => {
    const { code, stdout } = await armature(['models', 'list'], { ARMATURE_DATA: data });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^diorama +other +256x256 +Apache-2\.0/m);
    expect(stdout).toMatch(/^diorama-canny +other +canny +diorama$/m);
    expect(stdout).toMatch(/^hed +softedge, scribble +MIT +present$/m);
    expect(stdout).toMatch(/^dwpose +openpose .* +armature models pull dwpose$/m);
  });

  it.each([
    ['diorama', [], 'The UNet of diorama: ', 'encoder_hidden_states  float32  [rows, tokens, 96]'],
    ['diorama', ['--network', 'unet'], 'The UNet of diorama: ', '[rows, 4, height, width]'],
    ['diorama', ['--network', 'text-encoder'], 'The text encoder of diorama: ', 'text_model.final_layer_norm: weight'],
    ['diorama', ['--network', 'vae-decoder'], 'The VAE decoder of diorama: ', '[rows, 3, 8*height, 8*width]'],
    ['diorama', ['--network', 'vae-encoder'], 'The VAE encoder of diorama: ', '[rows, 4, floor(image.height/8)'],
    ['diorama-canny', [], 'The ControlNet of diorama-canny: ', 'controlnet_mid_block: weight, bias'],
    ['diorama-canny', ['--network', 'hint-encoder'], 'The hint encoder of diorama-canny: ', 'ceil(height/8)'],
  ] as const)('are shown as graphs: %s %j', async (id, options, first, part) => {
    const { code, stdout, stderr } = await one.run(['models', 'graph', id, ...options], { ARMATURE_DATA: data });
    expect(stderr).toMatch(/^\(data folder .+\)\n$/);
    expect(code).toBe(0);
    expect(stdout.startsWith(first)).toBe(true);
    expect(stdout).toContain(part);
  });

  it('tell the folder of this command, not of one before it in the process', async () => {
    const other = await mkdtemp(join(tmpdir(), 'armature-other-'));
    const before = await one.run(['models', 'list'], { ARMATURE_DATA: other });
    const then = await one.run(['models', 'list'], { ARMATURE_DATA: data });
    await rm(other, { recursive: true });
    expect([before.stderr, then.stderr]).toEqual([`(data folder ${other})\n`, `(data folder ${data})\n`]);
  });

  it('say where they lie to nobody', async () => {
    const { stdout } = await one.run(['models', 'list', '--json'], { ARMATURE_DATA: data });
    expect(JSON.parse(stdout)).toMatchObject({ bases: [{ id: 'diorama' }], rejected: [] });
    expect(stdout).not.toContain('"path"');
  });
});
