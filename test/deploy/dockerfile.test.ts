import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, textOf } from './files.ts';
import { expectCommandTakes } from './settings.ts';

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly { readonly instruction: string; readonly rest: string }[];
}

const instructions = textOf('Dockerfile')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [instruction = '', ...words] = line.trim().split(/\s+/);
    return { instruction, rest: words.join(' ') };
  });
const defaults = Object.fromEntries(
  instructions
    .filter(({ instruction }) => instruction === 'ARG')
    .map(({ rest }) => rest.split('=') as [string, string]),
);
const stages = readStages();

function readStages(): readonly Stage[] {
  const found: { name: string; base: string; steps: Stage['steps'][number][] }[] = [];
  for (const step of instructions.filter(({ instruction }) => instruction !== 'ARG')) {
    if (step.instruction !== 'FROM') found.at(-1)?.steps.push(step);
    else {
      const [base = '', , name = ''] = step.rest.split(' ');
      found.push({ base: base.replace(/^\$\{(\w+)\}$/, (_all, key: string) => defaults[key] ?? ''), name, steps: [] });
    }
  }
  return found;
}

const stage = (name: string): Stage => stages.find((one) => one.name === name)!;
const valueOf = (name: string, instruction: string): string =>
  stage(name).steps.findLast((step) => step.instruction === instruction)?.rest ?? '';

/** What goes to the builder: nothing but the paths that .dockerignore takes back in. */
const [everything, ...taken] = textOf('.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const sent = taken.map((line) => line.slice(1));

describe('Dockerfile', () => {
  it('copies only what .dockerignore sends, and that is there', () => {
    expect(everything).toBe('*');
    const copied = stages.flatMap(({ steps }) =>
      steps
        .filter(({ instruction, rest }) => instruction === 'COPY' && !rest.startsWith('--from'))
        .flatMap(({ rest }) => rest.split(' ').slice(0, -1)),
    );
    expect([...new Set(copied)].toSorted()).toEqual(sent.toSorted());
    for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true);
  });

  it('copies each script that those which it copies load', () => {
    const scripts = sent.filter((path) => path.startsWith('scripts/'));
    const loaded = scripts.flatMap((path) =>
      [...textOf(path).matchAll(/'(?:\.\/)?([\w-]+\.mjs)'/g)].map(([, name]) => `scripts/${name}`),
    );
    expect(loaded).toContain('scripts/progress.mjs');
    expect(scripts).toEqual(expect.arrayContaining(loaded));
  });

  it('takes stages that come before', () => {
    const names: string[] = [];
    for (const { base, name, steps } of stages) {
      const from = steps.flatMap(({ rest }) => /--from=(\S+)/.exec(rest)?.[1] ?? []);
      expect(names).toEqual(expect.arrayContaining(from));
      expect(base.includes(':') || names.includes(base), base).toBe(true);
      names.push(name);
    }
  });

  it('stands on a Node that package.json allows, and on CUDA 12 with cuDNN for the GPU', () => {
    expect(JSON.parse(textOf('package.json'))).toHaveProperty('engines.node', '>=20.19');
    expect(Number(/^node:(\d+)-/.exec(stage('node').base)?.[1])).toBeGreaterThan(20);
    expect(stage('gpu').base).toMatch(/^nvidia\/cuda:12\.\d+\.\d+-cudnn-runtime-/);
  });

  it('stands on images that nobody can change', () => {
    const bases = stages.map(({ base }) => base).filter((base) => base.includes(':'));
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('builds the image for processors where no target is named', () => {
    expect(stages.at(-1)).toMatchObject({ base: 'cpu', steps: [] });
  });

  it('runs the script that brings the CUDA provider by name, because packages may not run theirs', () => {
    expect(textOf('.npmrc')).toContain('ignore-scripts=true');
    const script = 'node_modules/onnxruntime-node/script/install.js';
    expect(valueOf('modules-cuda', 'RUN')).toContain(`ONNXRUNTIME_NODE_INSTALL=cuda12 node ${script}`);
    expect(existsSync(join(root, script))).toBe(true);
  });

  describe.each(['cpu', 'gpu'])('%s', (name) => {
    it('runs as a user that is a number and not root: Kubernetes can tell no other', () => {
      expect(valueOf(name, 'USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(valueOf(name, 'RUN')).toContain(`chown ${valueOf(name, 'USER')}`);
    });

    it('writes to its volume only', () => {
      expect(valueOf(name, 'ENV')).toContain(`ARMATURE_DATA=${valueOf(name, 'VOLUME')}`);
    });

    it('serves, with settings that the command takes', async () => {
      expect(JSON.parse(valueOf(name, 'ENTRYPOINT'))).toEqual(['node', '/app/dist/cli.js']);
      const environment = Object.fromEntries(
        valueOf(name, 'ENV')
          .split(' ')
          .map((pair) => pair.split('=') as [string, string])
          .filter(([key]) => key.startsWith('ARMATURE_')),
      );
      await expectCommandTakes(JSON.parse(valueOf(name, 'CMD')) as string[], environment);
      expect(environment['ARMATURE_PORT']).toBe(valueOf(name, 'EXPOSE'));
    });

    it('leaves it to whoever runs it whether strangers may draw', () => {
      expect(valueOf(name, 'ENV') + valueOf(name, 'CMD') + valueOf(name, 'ENTRYPOINT')).not.toMatch(/anonymous/i);
    });

    it('checks its health with Node', () => {
      expect(valueOf(name, 'HEALTHCHECK')).toContain('["node", "/app/deploy/healthcheck.mjs", "/readyz"]');
      expect(valueOf('app', 'COPY')).toBe('deploy/healthcheck.mjs deploy/');
    });
  });
});
