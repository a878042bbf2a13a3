import {
  type ImageEncoderModel,
  imageEncoderName,
  imageEncoderNoun,
} from '../../../generation/models/image-encoder.ts';
import { isImageEncoder } from '../../../weights/layouts/image-encoder.ts';
import type { FoundKind } from '../contract/kind.ts';
import { imageEncoderView } from './view.ts';

export const imageEncoderKind: FoundKind<ImageEncoderModel> = {
  ...imageEncoderNoun,
  id: 'image-encoder',
  heads: ['IMAGE ENCODER', 'NETWORK', 'LICENCE', 'TITLE'],
  cells: (model: ImageEncoderModel) => [
    model.id,
    imageEncoderName(model) ?? `${model.hiddenWidth} wide`,
    model.licence ?? 'unknown',
    model.title,
  ],
  facts: (model: ImageEncoderModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['files', model.layout === 'diffusers' ? 'folder' : 'single file'],
    ['hash', model.hash],
    ['network', imageEncoderName(model) ?? 'none that is published'],
    ['sees', `pictures of ${model.imageSize} x ${model.imageSize} pixels`],
    ['states', `${model.hiddenWidth} wide`],
    ['projection', `${model.projectionWidth} wide`],
  ],
  view: imageEncoderView,
  folder: /"CLIPVisionModelWithProjection"|"model_type"\s*:\s*"clip_vision_model"/,
  holds: isImageEncoder,
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectImageEncoder(path, given, file),
  graphs: async (model) => await (await import('./inspect.ts')).graphsOfImageEncoder(model),
};
