import { describe, expect, test } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { chooseControlNet } from '../../src/generation/choose-controlnet.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import type { Family } from '../../src/graph/family.ts';
import { noModels } from '../../src/generation/models/model-list.ts';

const small: Family = { name: 'other', contextWidth: 8, latentChannels: 4, blockChannels: [8], layersPerBlock: 1 };
const sd1: Family = { ...small, name: 'sd1', contextWidth: 768 };
const files = { title: 'x', licence: null, owner: null, hash: 'abc', path: '/models', layout: 'diffusers' } as const;
const defaults = { width: 512, height: 512, steps: 20, guidanceScale: 7, scheduler: 'ddim' };
const base = {
  ...files,
  kind: 'base',
  id: 'photo',
  family: sd1,
  textLayers: 12,
  added: null,
  latentScale: 8,
  scalingFactor: 0.18215,
  vae: null,
  defaults,
} as BaseModel;

function net(id: string, type: string | null, family = sd1): ControlNetModel {
  return { ...files, kind: 'controlnet', id, type, unionTypes: null, changes: null, family, bundledWith: null };
}

function refusal(type: string, controlNets: readonly ControlNetModel[]): ArmatureError {
  try {
    chooseControlNet({ type }, base, { ...noModels, bases: [base], controlNets }, 'controls[1]');
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('a request for a condition whose ControlNet has no type yet', () => {
  test('is told that one by name and how to set its type, before another that does not fit', () => {
    const error = refusal('canny', [net('small-canny', 'canny', small), net('my-edges', null)]);
    expect(error).toMatchObject({ code: 'incompatible_control', field: 'controls[1].type' });
    expect(error.message).toContain('`armature models set-type my-edges canny`');
    expect(error.message).toContain('name it as controls[1].model');
    expect(error.message.indexOf('my-edges')).toBeLessThan(error.message.indexOf('small-canny'));
  });

  test('is told of all that fit, and offered the one whose name says it', () => {
    const error = refusal('depth', [net('a', null), net('sd15-depth', null), net('b', null, small)]);
    expect(error.code).toBe('unknown_model');
    expect(error.message).toContain('sd15-depth, a fit');
    expect(error.message).toContain('set-type sd15-depth depth');
    expect(error.message).not.toMatch(/\bb\b/);
  });

  test('is told what does not fit where there is none without a type', () => {
    const error = refusal('canny', [net('small-canny', 'canny', small)]);
    expect(error).toMatchObject({ code: 'incompatible_control' });
    expect(error.message).toContain('small-canny');
    expect(refusal('canny', []).message).not.toContain('set-type');
  });
});
