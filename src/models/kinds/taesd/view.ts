import type { TaesdModel } from '../../../generation/models/taesd.ts';
import { latentFields, latentView } from '../contract/latent-view.ts';
import { modelView } from '../contract/kind.ts';

export const taesdView = modelView({
  list: 'taesds',
  says: 'Small decoders of latents',
  component: 'Taesd',
  fields: latentFields,
  show: (model: TaesdModel) => latentView(model),
});
