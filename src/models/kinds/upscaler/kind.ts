import { type UpscalerModel, upscalerNoun } from '../../../generation/models/upscaler.ts';
import { isUpscaler } from '../../../weights/layouts/upscaler-file.ts';
import type { FoundKind } from '../contract/kind.ts';
import { upscalerView } from './view.ts';

export const upscalerKind: FoundKind<UpscalerModel> = {
  ...upscalerNoun,
  id: 'upscaler',
  heads: ['UPSCALER', 'SCALE', 'LICENCE', 'TITLE'],
  cells: ({ id, scale, licence, title }: UpscalerModel) => [id, `${scale}x`, licence ?? 'unknown', title],
  facts: ({ title, licence, scale, hash }: UpscalerModel) => [
    ['title', title],
    ['licence', licence ?? 'unknown'],
    ['scale', String(scale)],
    ['hash', hash],
  ],
  view: upscalerView,
  holds: isUpscaler,
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectUpscaler(path, given, file),
  graphs: async (model) => await (await import('./graphs.ts')).graphsOfUpscaler(model),
};
