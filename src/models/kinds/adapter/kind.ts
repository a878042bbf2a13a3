import { z } from 'zod';
import { type AdapterModel, adapterNoun, describeFeatures } from '../../../generation/models/adapter.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { openT2iAdapterCheckpoint } from '../../../weights/checkpoint.ts';
import { aT2iAdapter, otherKind } from '../../../weights/layouts/other-kinds.ts';
import type { SteeringKind } from '../contract/kind.ts';
import { typeFault, typeList } from '../contract/typed.ts';
import { adapterView } from './view.ts';

const { list } = adapterNoun;

export const adapterKind: SteeringKind<AdapterModel> = {
  ...adapterNoun,
  id: 'adapter',
  heads: ['T2I-ADAPTER', 'FOR', 'LICENCE', 'TITLE'],
  cells: ({ id, type, licence, title }: AdapterModel) => [
    id,
    type ?? '? (armature models set-type)',
    licence ?? 'unknown',
    title,
  ],
  facts: ({ title, licence, layout, hash, type, cell, features, bundledWith }: AdapterModel) => [
    ['title', title],
    ['licence', licence ?? 'unknown'],
    ['files', layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', hash],
    ['for', type ?? '? (armature models set-type)'],
    ['channels', describeFeatures(features)],
    ['sizes', `multiples of ${cell}`],
    ['came with', bundledWith ?? '-'],
  ],
  view: adapterView,
  typedBy: list,
  folder: /"_class_name"\s*:\s*"T2IAdapter"/,
  holds: (file) => otherKind(file) === aT2iAdapter,
  manifest: { [list]: typeList },
  told: {
    list,
    fields: { type: z.string() },
    put: (model, told) => ({ ...model, type: String(told['type']) }),
  },
  fault: ({ type }, conditions) => typeFault(type, conditions),
  acts: 'features',
  inspect: async (...asked) => await (await import('./inspect.ts')).inspectAdapter(...asked),
  graphs: async ({ path }) => {
    const { part } = await openT2iAdapterCheckpoint(path);
    return new Map([['adapter', () => networks.t2iAdapter(part)]]);
  },
};
