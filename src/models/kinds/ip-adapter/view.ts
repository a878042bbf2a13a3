import { z } from 'zod';
import { type IpAdapterModel, seesWith } from '../../../generation/models/ip-adapter.ts';
import { modelView } from '../contract/kind.ts';

export const ipAdapterView = modelView({
  list: 'ip_adapters',
  says: 'IP-Adapters, which controls of type image_prompt are given to',
  component: 'IpAdapter',
  fields: {
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    hash: z.string(),
    method: z.enum(['basic', 'plus']),
    tokens: z.int().describe('What it makes of a picture: so many tokens that the UNet attends to beside the text'),
    context_width: z.int(),
    picture_width: z
      .int()
      .describe("What it takes of an image encoder: its projection's width, or, of Plus, its states'"),
    image_encoders: z.array(z.string()).describe('Ids of the image encoders that it can see with'),
  },
  show: (model: IpAdapterModel, { models: { imageEncoders } }) => ({
    id: model.id,
    title: model.title,
    licence: model.licence,
    hash: model.hash,
    method: model.method,
    tokens: model.tokens,
    context_width: model.contextWidth,
    picture_width: model.pictureWidth,
    image_encoders: imageEncoders.filter((encoder) => seesWith(model, encoder)).map(({ id }) => id),
  }),
});
