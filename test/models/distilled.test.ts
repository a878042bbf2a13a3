import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import { findLora } from '../../src/generation/models/lora.ts';
import { openLibrary } from '../../src/models/library.ts';
import { smallModelPath } from '../support/golden.ts';
import { makeGuidedFolder } from '../support/guided-model.ts';
import { setSampling } from '../../src/models/tell.ts';

const folder = mkdtempSync(join(tmpdir(), 'armature-distilled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lay(id: string, changes: Readonly<Record<string, object>> = {}): void {
  cpSync(smallModelPath('models', 'sd15-tiny'), join(folder, id), { recursive: true });
  for (const [file, fields] of Object.entries(changes)) {
    const path = join(folder, id, file);
    const before = file === 'armature.json' ? {} : (JSON.parse(readFileSync(path, 'utf8')) as object);
    writeFileSync(path, JSON.stringify({ ...before, ...fields }));
  }
}

lay('plain');
lay('by-scheduler', { 'scheduler/scheduler_config.json': { _class_name: 'LCMScheduler' } });
lay('by-nobody', { 'scheduler/scheduler_config.json': { _class_name: 'toString' } });
lay('by-pipeline', { 'model_index.json': { _class_name: 'LatentConsistencyModelPipeline' } });
lay('by-maker', {
  'armature.json': { schema: 1, distilled: 'lightning', defaults: { steps: 8 } },
  'scheduler/scheduler_config.json': { _class_name: 'LCMScheduler', timestep_spacing: undefined },
});
lay('spaced', { 'scheduler/scheduler_config.json': { timestep_spacing: 'leading' } });
makeGuidedFolder(join(folder, 'guided'), 32);
cpSync(smallModelPath('formats', 'lora-kohya.safetensors'), join(folder, 'fast.safetensors'));

const library = await openLibrary([folder], { conditions: [], typesFile: join(folder, 'said.json') });
const find = async (id: string): Promise<BaseModel> => await library.find(findBase, id);
const usual = ({ defaults: { steps, guidanceScale, scheduler } }: BaseModel) => [steps, guidanceScale, scheduler];

describe('whether a base model was made for few steps', () => {
  it('is not guessed', async () => {
    const plain = await find('plain');
    expect([plain.distilled, ...usual(plain)]).toEqual([null, 20, 7.5, 'dpmpp_2m']);
  });

  it.each([
    ['by-scheduler', 'lcm', 'config', [4, 1, 'lcm']],
    ['by-pipeline', 'lcm', 'config', [4, 1, 'lcm']],
    ['by-maker', 'lightning', 'armature.json', [8, 1, 'euler']],
    ['guided', 'lcm', 'marker', [4, 8.5, 'lcm']],
  ])('%s is %s by its %s', async (id, as, decidedBy, defaults) => {
    const model = await find(id);
    expect(model.distilled).toMatchObject({ as, decidedBy });
    expect(usual(model)).toEqual(defaults);
  });

  it('a class of which nothing is known says nothing, whatever its name', async () => {
    expect((await find('by-nobody')).distilled).toBeNull();
  });

  it('the user says before all others, with steps, guidance and a scheduler of their own, step by step', async () => {
    const before = await find('plain');
    expect(before.schedule.samplerDefaults.timestepSpacing).not.toBe('trailing');
    const turbo = (await setSampling(library, 'plain', { distilled: 'turbo' })) as BaseModel;
    expect([turbo.distilled?.decidedBy, ...usual(turbo)]).toEqual(['user', 4, 1, 'euler_a']);
    expect(turbo.schedule.samplerDefaults.timestepSpacing).toBe('trailing');
    expect(turbo.hash).not.toBe(before.hash);
    const told = (await setSampling(library, 'plain', {
      steps: 2,
      guidance_scale: 1.5,
      scheduler: 'ddim',
    })) as BaseModel;
    expect([told.distilled?.as, ...usual(told)]).toEqual(['turbo', 2, 1.5, 'ddim']);
    const none = (await setSampling(library, 'by-scheduler', { distilled: 'none' })) as BaseModel;
    expect([none.distilled, ...usual(none)]).toEqual([null, 20, 7.5, 'dpmpp_2m']);
  });

  it('a spacing of its config stays', async () => {
    const spaced = (await setSampling(library, 'spaced', { distilled: 'hyper' })) as BaseModel;
    expect(spaced.schedule.samplerDefaults.timestepSpacing).toBe('leading');
  });
});

describe('a LoRA', () => {
  it('is of few steps where the user says so, and has no defaults of its own', async () => {
    expect(await library.find(findLora, 'fast')).not.toHaveProperty('distilled');
    expect(await setSampling(library, 'fast', { distilled: 'lcm' })).toMatchObject({ distilled: 'lcm' });
    await expect(setSampling(library, 'fast', { steps: 4 })).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'steps',
    });
  });
});
