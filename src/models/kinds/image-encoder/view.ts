import { z } from 'zod';
import { type ImageEncoderModel, imageEncoderName } from '../../../generation/models/image-encoder.ts';
import { modelView } from '../contract/kind.ts';

export const imageEncoderView = modelView({
  list: 'image_encoders',
  says: 'What IP-Adapters see pictures with',
  component: 'ImageEncoder',
  fields: {
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    hash: z.string(),
    network: z.string().nullable().describe('Which published network has its dimensions; null where none has'),
    image_size: z.int().describe('Pixels across and down of what it sees'),
    hidden_width: z.int(),
    projection_width: z.int(),
  },
  show: (model: ImageEncoderModel) => ({
    id: model.id,
    title: model.title,
    licence: model.licence,
    hash: model.hash,
    network: imageEncoderName(model),
    image_size: model.imageSize,
    hidden_width: model.hiddenWidth,
    projection_width: model.projectionWidth,
  }),
});
