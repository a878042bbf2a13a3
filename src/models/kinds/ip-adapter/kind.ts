import {
  describeAttentions,
  type IpAdapterModel,
  ipAdapterNoun,
  neededEncoder,
} from '../../../generation/models/ip-adapter.ts';
import { isIpAdapter } from '../../../weights/layouts/ip-adapter-file.ts';
import type { SteeringKind } from '../contract/kind.ts';
import { ipAdapterView } from './view.ts';

export const ipAdapterKind: SteeringKind<IpAdapterModel> = {
  ...ipAdapterNoun,
  id: 'ip-adapter',
  heads: ['IP-ADAPTER', 'METHOD', 'TOKENS', 'LICENCE', 'TITLE'],
  cells: ({ id, method, tokens, licence, title }: IpAdapterModel) => [
    id,
    method,
    String(tokens),
    licence ?? 'unknown',
    title,
  ],
  facts: (model: IpAdapterModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['hash', model.hash],
    ['method', model.method],
    ['tokens', `${model.tokens} a picture`],
    ['sees with', neededEncoder(model)],
    ['attentions', describeAttentions(model.widths)],
  ],
  view: ipAdapterView,
  holds: isIpAdapter,
  acts: 'imageTokens',
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectIpAdapter(path, given, file),
  graphs: async (model) => await (await import('./inspect.ts')).graphsOfIpAdapter(model),
};
