import { describe, expect, it } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { generationView } from '../../src/generation/kinds/generation/effective.ts';
import { storedGeneration } from '../../src/generation/kinds/generation/stored-plan.ts';
import { loraMisfit, resolveLoraName } from '../../src/generation/models/lora.ts';
import { lorasOfPrompt } from '../../src/generation/loras-of-prompt.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import type { LoraModel } from '../../src/generation/models/lora.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { resolveLoras } from '../../src/generation/resolve-loras.ts';
import { planFor } from '../support/draw-request.ts';
import { noModels } from '../../src/generation/models/model-list.ts';

const family = { name: 'sd1', contextWidth: 768, latentChannels: 4, blockChannels: [320], layersPerBlock: 2 } as const;
const base = { kind: 'base', id: 'photo', hash: 'b', family, added: null } as unknown as BaseModel;
const sdxl = {
  ...base,
  id: 'sdxl',
  family: { ...family, name: 'sdxl', contextWidth: 2048 },
  added: { textWidth: 768, zeroNegative: true, refines: false },
} as BaseModel;
const sd2 = { ...base, id: 'sd2', family: { ...family, name: 'sd2', contextWidth: 1024 } } as BaseModel;
const controlNet = { kind: 'controlnet', id: 'edges', hash: 'c', family } as unknown as ControlNetModel;

function lora(id: string, fits: Partial<LoraModel['fits']> = {}, names: readonly string[] = []): LoraModel {
  const all = { contextWidth: null, textWidth: null, needsSdxl: false, ...fits };
  return { kind: 'lora', id, hash: `hash of ${id}`, names, fits: all } as unknown as LoraModel;
}

const ink = lora('ink', { contextWidth: 768 }, ['Ink Wash v1.5', 'ink']);
const wash = lora('wash', { textWidth: 768 }, ['Wash', 'WASH 2']);
const other = lora('other', { contextWidth: 1024 }, ['Other', 'wash']);
const xl = lora('xl', { contextWidth: 2048 });
const convolutions = lora('convolutions');
const models = {
  ...noModels,
  bases: [base, sd2],
  controlNets: [controlNet],
  loras: [convolutions, ink, other, wash, xl],
  embeddings: [],
  upscalers: [],
  rejected: [{ id: 'broken', code: 'model_invalid', detail: 'it is cut short.' }],
};

function resolve(...loras: readonly object[]) {
  return resolveLoras(parseGeneration({ prompt: '', loras }).loras, base, models, base).planned;
}

function refusal(work: () => unknown): ArmatureError {
  try {
    work();
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('the LoRAs of a request', () => {
  it('have scale 1, and the text encoder the scale of the rest, unless it says otherwise', () => {
    const model = { id: 'ink', hash: 'hash of ink' };
    expect(resolve({ model: 'ink' })).toEqual([{ model, scale: 1, textEncoderScale: 1 }]);
    expect(resolve({ model: 'ink', scale: -0.5 })).toEqual([{ model, scale: -0.5, textEncoderScale: -0.5 }]);
    expect(resolve({ model: 'ink', scale: 0.5, text_encoder_scale: 0 })).toEqual([
      { model, scale: 0.5, textEncoderScale: 0 },
    ]);
  });

  it.each<[string, readonly object[], string, string, RegExp]>([
    ['an id that is none', [{ model: 'inks' }], 'unknown_model', 'loras[0].model', /no LoRA "inks". Did you mean ink/],
    ['a base model', [{ model: 'photo' }], 'unknown_model', 'loras[0].model', /photo is a base model .* as model\./],
    ['a ControlNet', [{ model: 'edges' }], 'unknown_model', 'loras[0].model', /ControlNet .* controls\[\]\.model/],
    ['a refused file', [{ model: 'broken' }], 'model_invalid', 'loras[0].model', /cut short/],
    [
      'another width of text',
      [{ model: 'ink' }, { model: 'other' }],
      'incompatible_lora',
      'loras[1].model',
      /other \(context width 1024\) does not fit the base model photo .* It fits sd2\./,
    ],
    ['SDXL', [{ model: 'xl' }], 'incompatible_lora', 'loras[0].model', /2048.* No base model that is here fits it/],
    ['one twice', [{ model: 'ink' }, { model: 'ink' }], 'invalid_request', 'loras[1].model', /loras\[0\] already/],
  ])('are refused early: %s', (_, loras, code, field, detail) => {
    expect(refusal(() => resolve(...loras))).toMatchObject({ code, field, message: expect.stringMatching(detail) });
  });

  it('are refused with those that fit as choices', () => {
    const { choices } = refusal(() => resolve({ model: 'other' }));
    expect(choices).toEqual(['convolutions', 'ink', 'wash']);
  });

  it.each<[object, string, string]>([
    [{ loras: [{ model: 'ink', scale: 11 }] }, 'loras[0].scale', 'a number from -10 to 10 but received 11'],
    [{ loras: [{ model: 'ink', text_encoder_scale: -10.5 }] }, 'loras[0].text_encoder_scale', 'from -10 to 10'],
    [{ loras: [{ model: 'ink', weight: 1 }] }, 'loras[0].weight', 'it is scale here'],
    [{ loras: [{ scale: 1 }] }, 'loras[0].model', 'received nothing'],
    [{ loras: Array.from({ length: 9 }, () => ({ model: 'ink' })) }, 'loras', 'an array of at most 8 entries'],
    [{ lora: 'ink' }, 'lora', 'it is an entry of loras here'],
  ])('are checked to the last field: %j', (body, field, text) => {
    const error = refusal(() => parseGeneration({ prompt: '', ...body }));
    expect(error).toMatchObject({ code: 'invalid_request', field, message: expect.stringContaining(text) });
  });

  it('stand in the plan as it is kept, and in what clients see of it', () => {
    const loras = resolve({ model: 'ink', scale: 0.5 }, { model: 'wash', text_encoder_scale: 0.25 });
    const plan = planFor(base, { loras });
    expect(storedGeneration.read(storedGeneration.write(plan))).toEqual(plan);
    expect(generationView(plan, () => null).loras).toEqual([
      { model: { id: 'ink', hash: 'hash of ink' }, scale: 0.5, text_encoder_scale: 0.5, applied: 'merged' },
      { model: { id: 'wash', hash: 'hash of wash' }, scale: 1, text_encoder_scale: 0.25, applied: 'merged' },
    ]);
    expect(generationView(planFor(base), () => null).loras).toEqual([]);
  });
});

describe('the LoRAs of a prompt', () => {
  const inPrompt = (prompt: string, ...loras: readonly object[]) => {
    const tags = lorasOfPrompt(prompt, 'a1111', models);
    return resolveLoras([...parseGeneration({ prompt: '', loras }).loras, ...tags], base, models, base).planned;
  };
  const planned = (id: string, scale: number, textEncoderScale = scale) => {
    return { model: { id, hash: `hash of ${id}` }, scale, textEncoderScale };
  };

  it('stand behind those of the request, by any of their names', () => {
    expect(inPrompt('a <lora:Ink Wash v1.5:0.5> b <LORA:wash:0:2>', { model: 'convolutions' })).toEqual([
      planned('convolutions', 1),
      planned('ink', 0.5),
      planned('wash', 2, 0),
    ]);
    expect(inPrompt('<lora:ink>')).toEqual([planned('ink', 1)]);
    expect(inPrompt('<lora:ink:unet=0.5:te=0.25>')).toEqual([planned('ink', 0.5, 0.25)]);
    expect(lorasOfPrompt('<lora:ink:0.5>', 'plain', models)).toEqual([]);
  });

  it.each<[string, string, readonly object[], string, RegExp]>([
    ['a name that is none', '<lora:inks:1>', [], 'unknown_model', /no LoRA "inks". Did you mean/],
    ['a name that several have', '<lora:wASh:1>', [], 'unknown_model', /other or wash/],
    ['a misfit', '<lora:other:1>', [], 'incompatible_lora', /It fits sd2/],
    ['one twice', '<lora:ink:1> <lora:Ink Wash v1.5:1>', [], 'invalid_request', /ink twice in prompt: write one scale/],
    ['one of the request', '<lora:ink:1>', [{ model: 'ink' }], 'invalid_request', /ink in loras\[0\] already/],
    ['numbers that are none', '<lora:ink:x>', [], 'invalid_request', /"<lora:ink:x>" in prompt to be <lora:name>/],
    ['numbers out of range', '<lora:ink:1:-11>', [], 'invalid_request', /to have numbers from -10 to 10/],
    ['more than there may be', '<lora:ink:1>'.repeat(9), [], 'invalid_request', /at most 8 LoRAs.* received 9/],
    [
      'more than there may be together',
      '<lora:ink:1>',
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((model) => ({ model })),
      'invalid_request',
      /at most 8 LoRAs.* received 9/,
    ],
  ])('are refused by the field prompt: %s', (_, prompt, loras, code, detail) => {
    const error = refusal(() => inPrompt(prompt, ...loras));
    expect(error).toMatchObject({ code, field: 'prompt', message: expect.stringMatching(detail) });
  });
});

describe('what speaks against a LoRA', () => {
  it.each<[string, LoraModel, BaseModel, boolean]>([
    ['the same width of text in the UNet', ink, base, true],
    ['another one', ink, sd2, false],
    ['the same width in the text encoder', wash, base, true],
    ['another one there', wash, sd2, false],
    ['one width right, the other wrong', lora('x', { contextWidth: 768, textWidth: 1024 }), base, false],
    ['nothing that tells', convolutions, sd2, true],
    ['what SDXL alone has', lora('x', { contextWidth: 768, needsSdxl: true }), base, false],
    ['what SDXL alone has, for SDXL', lora('x', { contextWidth: 2048, textWidth: 768, needsSdxl: true }), sdxl, true],
    ['another text encoder than the first of SDXL', lora('x', { textWidth: 1024 }), sdxl, false],
  ])('%s', (_, model, to, fits) => {
    expect(loraMisfit(to, model) === null).toBe(fits);
  });
});

describe('a LoRA by a name of it', () => {
  const named = (name: string): string => resolveLoraName(models, name, 'prompt').id;

  it('is the one of that id, then of that name as it is written, then in whatever case', () => {
    expect(named('wash')).toBe('wash');
    expect(named('Ink Wash v1.5')).toBe('ink');
    expect(named('ink wash V1.5')).toBe('ink');
    expect(named('WASH 2')).toBe('wash');
    expect(named('Wash')).toBe('wash');
  });

  it('is refused where several have it, and where none does', () => {
    // As an id it would be wash; in other letters two have the name.
    expect(refusal(() => named('wASh'))).toMatchObject({
      code: 'unknown_model',
      field: 'prompt',
      choices: ['other', 'wash'],
      message: expect.stringContaining('other or wash'),
    });
    expect(refusal(() => named('inks'))).toMatchObject({ code: 'unknown_model', field: 'prompt' });
    expect(refusal(() => named('broken'))).toMatchObject({ code: 'model_invalid' });
  });
});
