import { describeLoraFit, loraFamily, type LoraModel, loraNoun } from '../../../generation/models/lora.ts';
import { distillations } from '../../../schedulers/distillations.ts';
import { aLora, otherKind } from '../../../weights/layouts/other-kinds.ts';
import type { FoundKind } from '../contract/kind.ts';
import { loraTold } from './said.ts';
import { loraView } from './view.ts';

export const loraKind: FoundKind<LoraModel> = {
  ...loraNoun,
  id: 'lora',
  heads: ['LORA', 'FAMILY', 'METHOD', 'RANK', 'LICENCE', 'TITLE'],
  cells: (model: LoraModel) => [
    model.id,
    loraFamily(model),
    model.methods.join(', '),
    model.rank === null ? '-' : String(model.rank),
    model.licence ?? 'unknown',
    model.title,
  ],
  facts: (model: LoraModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['fits', describeLoraFit(model)],
    ['hash', model.hash],
    ['method', model.methods.join(', ')],
    ['layers', String(model.layers)],
    ['largest rank', model.rank === null ? '-' : String(model.rank)],
    ...(model.distilled === undefined ? [] : [['few steps', distillations[model.distilled].title] as const]),
    ['trigger words', model.triggerWords.join(', ') || '-'],
    ['in prompts', model.names.map((name) => `<lora:${name}:1>`).join(', ')],
    ...(model.words.length === 0 ? [] : [['words that it brings', model.words.join(', ')] as const]),
  ],
  view: loraView,
  told: loraTold,
  holds: (file) => otherKind(file) === aLora,
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectLora(path, given, file),
};
