import { type TaesdModel, taesdNoun } from '../../../generation/models/taesd.ts';
import { isTaesd } from '../../../weights/layouts/taesd.ts';
import { fitsFields, fitsText, putFits } from '../contract/fits.ts';
import type { FoundKind } from '../contract/kind.ts';
import { taesdView } from './view.ts';

export const taesdKind: FoundKind<TaesdModel> = {
  ...taesdNoun,
  id: 'taesd',
  heads: ['TAESD', 'FOR', 'LICENCE', 'TITLE'],
  cells: (model: TaesdModel) => [
    model.id,
    fitsText(model, '? (armature models set --fits)'),
    model.licence ?? 'unknown',
    model.title,
  ],
  facts: (model: TaesdModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['files', model.layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', model.hash],
    ['latents', `${model.latentChannels} channels, cells of ${model.latentScale} x ${model.latentScale} pixels`],
    ['for', fitsText(model, `? (armature models set ${model.id} --fits sd1,sd2)`)],
  ],
  view: taesdView,
  folder: /"_class_name"\s*:\s*"AutoencoderTiny"/,
  holds: isTaesd,
  manifest: fitsFields,
  told: { list: 'taesds', fields: fitsFields, put: putFits },
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectTaesd(path, given, file),
  graphs: async (model) => await (await import('./inspect.ts')).graphsOfTaesd(model),
};
