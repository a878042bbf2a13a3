import type { ModelKind } from './kind.ts';

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

/** A network that makes maps: in ONNX, and in a folder of its own kind. */
export const annotatorKind: ModelKind<AnnotatorModel> = {
  id: 'annotator',
  noun: 'annotator',
  heads: ['ANNOTATOR', 'FOR', 'LICENCE', 'STATE'],
  cells: ({ id, conditions, licence, state, pull }: AnnotatorModel) => [
    id,
    conditions.join(', ') || '?',
    licence ?? 'unknown',
    state === 'missing' && pull !== null ? pull : state,
  ],
  pulledInto: { folder: 'annotators', extension: '.onnx' },
  hasType: false,
};
