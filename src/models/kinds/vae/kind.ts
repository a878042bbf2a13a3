import { type VaeModel, vaeNoun } from '../../../generation/models/vae.ts';
import { isVae } from '../../../weights/layouts/vae.ts';
import { fitsFields, fitsText, putFits } from '../contract/fits.ts';
import type { FoundKind } from '../contract/kind.ts';
import { vaeView } from './view.ts';

export const vaeKind: FoundKind<VaeModel> = {
  ...vaeNoun,
  id: 'vae',
  heads: ['AUTOENCODER', 'FOR', 'SCALING', 'LICENCE', 'TITLE'],
  cells: (model: VaeModel) => [
    model.id,
    fitsText(model, model.scalingFactor === null ? '? (armature models set --fits)' : 'models of its scaling'),
    model.scalingFactor === null ? '?' : String(model.scalingFactor),
    model.licence ?? 'unknown',
    model.title,
  ],
  facts: (model: VaeModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['files', model.layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', model.hash],
    ['latents', `${model.latentChannels} channels, cells of ${model.latentScale} x ${model.latentScale} pixels`],
    ['scaling factor', model.scalingFactor === null ? 'its files do not say' : String(model.scalingFactor)],
    [
      'for',
      fitsText(
        model,
        model.scalingFactor === null
          ? `? (armature models set ${model.id} --fits sdxl)`
          : 'models of its scaling factor',
      ),
    ],
  ],
  view: vaeView,
  folder: /"_class_name"\s*:\s*"AutoencoderKL"/,
  holds: isVae,
  manifest: fitsFields,
  told: { list: 'vaes', fields: fitsFields, put: putFits },
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectVae(path, given, file),
  graphs: async (model) => await (await import('./inspect.ts')).graphsOfVae(model),
};
