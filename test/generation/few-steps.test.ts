import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../src/generation/catalog.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { LoraModel } from '../../src/generation/models/lora.ts';
import { modelList } from '../../src/generation/models/model-list.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import type { DistillationId } from '../../src/schedulers/distillations.ts';
import { photoModel } from '../support/photo-model.ts';

function lora(id: string, distilled?: DistillationId): LoraModel {
  const fits = { contextWidth: 768, textWidth: null, needsSdxl: false };
  const of = distilled === undefined ? {} : { distilled };
  return { kind: 'lora', id, hash: id, owner: null, names: [], fits, ...of } as unknown as LoraModel;
}

const turbo: BaseModel = {
  ...photoModel,
  id: 'turbo',
  distilled: { as: 'turbo', decidedBy: 'user', source: 'armature models set turbo' },
  defaults: { ...photoModel.defaults, steps: 4, guidanceScale: 1, scheduler: 'euler_a' },
};
const input: BaseModel = {
  ...turbo,
  id: 'input',
  embedsGuidance: true,
  defaults: { ...turbo.defaults, guidanceScale: 8.5 },
};
const fast = lora('fast', 'lightning');
const models = modelList([photoModel, turbo, input, lora('ink'), fast, lora('lcm-lora', 'lcm')]);

function resolve(body: object) {
  return resolveGeneration(parseGeneration({ prompt: 'x', ...body }), {
    catalog: catalogOf(models),
    defaultModel: 'photo',
    given: [],
    randomSeed: () => 1,
    embedParameters: true,
  });
}

function sampling(body: object): readonly unknown[] {
  const { steps, guidanceScale, scheduler, schedule } = resolve(body).plan;
  return [steps, guidanceScale, scheduler, schedule];
}

describe('a LoRA of few steps', () => {
  it.each<[object, readonly unknown[]]>([
    [{ loras: [{ model: 'ink' }] }, [20, 7, 'unipc', null]],
    [{ loras: [{ model: 'ink' }, { model: 'lcm-lora' }] }, [4, 1, 'lcm', null]],
    [{ prompt: 'x <lora:fast:1>' }, [4, 1, 'euler', 'sgm_uniform']],
    [{ model: 'turbo', loras: [{ model: 'lcm-lora' }] }, [4, 1, 'lcm', null]],
    // It does not act, or does the opposite.
    [{ loras: [{ model: 'fast', scale: 0 }] }, [20, 7, 'unipc', null]],
    [{ loras: [{ model: 'fast', scale: -1 }] }, [20, 7, 'unipc', null]],
    // What is asked goes before it, and its schedule goes with its scheduler alone.
    [{ loras: [{ model: 'fast' }], steps: 8, guidance_scale: 1.5, scheduler: 'ddim' }, [8, 1.5, 'ddim', null]],
    [{ loras: [{ model: 'fast' }], schedule: 'karras' }, [4, 1, 'euler', 'karras']],
  ])('says how %j is sampled where that is left open', (body, expected) => {
    expect(sampling(body)).toEqual(expected);
  });
});

describe('deep layers that are kept', () => {
  it.each<[object, string]>([
    [{ model: 'turbo' }, 'the model turbo, which draws in few steps (Turbo)'],
    [{ hires: { model: 'turbo' } }, 'the model turbo, which draws in few steps (Turbo)'],
    [{ loras: [{ model: 'lcm-lora' }] }, 'the LoRA lcm-lora, which draws in few steps (LCM)'],
  ])('are refused with what was made for few steps: %j', (body, says) => {
    const refused = { code: 'invalid_request', field: 'deep_cache', message: expect.stringContaining(says) };
    expect(() => resolve({ ...body, deep_cache: { every: 2 } })).toThrow(expect.objectContaining(refused));
    expect(resolve(body).plan).not.toHaveProperty('deepCache');
  });

  it('go with a LoRA of few steps that does not act', () => {
    const body = { loras: [{ model: 'fast', scale: 0 }], deep_cache: { every: 2 } };
    expect(resolve(body).plan.deepCache).toMatchObject({ every: 2, depth: 0 });
  });
});

describe('steps and guidance that what was made for few steps does not bear', () => {
  const of = (name: string, title: string): string =>
    `${name} was made for few steps (${title}: at most 8 steps, a guidance_scale of 1 to 2): `;

  it.each<[object, readonly string[]]>([
    [{ model: 'turbo' }, []],
    [{ model: 'turbo', steps: 8, guidance_scale: 2 }, []],
    [
      { model: 'turbo', steps: 30, guidance_scale: 7 },
      [
        `${of('the model turbo', 'Turbo')}30 steps take longer and draw no better, and a guidance_scale of 7 burns its pictures. Left out, they are 4 and 1.`,
      ],
    ],
    [
      { loras: [{ model: 'fast' }], guidance_scale: 7 },
      [`${of('the LoRA fast', 'Lightning')}a guidance_scale of 7 burns its pictures. Left out, they are 4 and 1.`],
    ],
    [{ loras: [{ model: 'fast', scale: -1 }], guidance_scale: 7 }, []],
    [{ model: 'input', guidance_scale: 12 }, []],
    [
      { model: 'input', loras: [{ model: 'fast' }], steps: 30 },
      [
        'the LoRA fast was made for few steps (Lightning: at most 8 steps): 30 steps take longer and draw no better. Left out, they are 4 and 8.5.',
      ],
    ],
    [{ steps: 50, guidance_scale: 12 }, []],
  ])('%j', (body, expected) => {
    expect(resolve(body).warnings).toEqual(expected);
  });

  it('are measured by what the user says that it was made for', () => {
    const own: BaseModel = { ...turbo, id: 'own', defaults: { ...turbo.defaults, steps: 12, guidanceScale: 6 } };
    const { warnings } = resolveGeneration(parseGeneration({ prompt: 'x', steps: 12, guidance_scale: 6 }), {
      catalog: catalogOf(modelList([own])),
      defaultModel: 'own',
      given: [],
      randomSeed: () => 1,
      embedParameters: true,
    });
    expect(warnings).toEqual([]);
  });
});

it('a model whose own guidance is below 1 asks nothing about a negative prompt, which is said', () => {
  const own: BaseModel = { ...turbo, id: 'own', defaults: { ...turbo.defaults, guidanceScale: 0 } };
  const { warnings } = resolveGeneration(parseGeneration({ prompt: 'x', negative_prompt: 'y' }), {
    catalog: catalogOf(modelList([own])),
    defaultModel: 'own',
    given: [],
    randomSeed: () => 1,
    embedParameters: true,
  });
  expect(warnings).toEqual(['negative_prompt has no effect while guidance_scale is 0.']);
});
