import { z } from 'zod';
import { type ModelKind, modelView } from '../contract/kind.ts';

/** A network that makes maps, or could if it were pulled. */
export interface AnnotatorModel {
  readonly id: string;
  readonly title: string;
  /** Conditions that it makes maps of; empty where nobody has said it, of a network that is not from the catalog. */
  readonly conditions: readonly string[];
  /** Value of a condition's option `network` that chooses it; null where the condition leaves no choice. */
  readonly option: string | null;
  /** Null where nobody has said it. */
  readonly licence: string | null;
  /** Whether it comes with the package. */
  readonly bundled: boolean;
  readonly state: 'present' | 'missing';
  /** The command that brings it; null for what comes with the package, or from an unknown place. */
  readonly pull: string | null;
}

const annotatorView = modelView({
  list: 'annotators',
  says: 'Networks that make maps: those that are there, and those that can be pulled',
  component: 'Annotator',
  fields: {
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    conditions: z.array(z.string()).describe('Which it makes maps of; empty where nobody has said it'),
    option: z
      .string()
      .nullable()
      .describe('Value of the option `network` that chooses it; null where the condition leaves no choice'),
    bundled: z.boolean().describe('Whether it comes with the package'),
    state: z.enum(['present', 'missing']),
    pull: z.string().nullable().describe('The command that brings it; null where there is none to bring'),
  },
  show: ({ id, title, licence, conditions, option, bundled, state, pull }: AnnotatorModel) => ({
    id,
    title,
    licence,
    conditions: [...conditions],
    option,
    bundled,
    state,
    pull,
  }),
});

/** A network that makes maps: in ONNX, and in a folder of its own kind. */
export const annotatorKind: ModelKind<AnnotatorModel> = {
  id: 'annotator',
  noun: 'annotator',
  list: 'annotators',
  heads: ['ANNOTATOR', 'FOR', 'LICENCE', 'STATE'],
  cells: ({ id, conditions, licence, state, pull }: AnnotatorModel) => [
    id,
    conditions.join(', ') || '?',
    licence ?? 'unknown',
    state === 'missing' && pull !== null ? pull : state,
  ],
  pulledInto: { folder: 'annotators', extension: '.onnx' },
  view: annotatorView,
};
