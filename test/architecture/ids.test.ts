import { describe, expect, it } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { schedulerIds } from '../../src/schedulers/registry.ts';
import { type Literal, literalsIn, sourceLiterals } from './literals.ts';

/** Files that may name an id: the folder of a condition its own, and the registries all of theirs. */
function isAtHome(id: string, path: string): boolean {
  return path.startsWith(`conditions/${id}/`) || path === 'conditions/registry.ts' || path === 'schedulers/registry.ts';
}

const ids: readonly string[] = [...conditionIds, ...schedulerIds];

/** `path: id` for each place outside where code could compare, switch on or look up something by an id. */
function places(literals: readonly Literal[]): readonly string[] {
  const found = literals.flatMap(({ path, kind, text }) => {
    const named = kind === 'pattern' ? ids.filter((id) => new RegExp(`\\b${id}\\b`).test(text)) : [text];
    return named.filter((id) => ids.includes(id) && !isAtHome(id, path)).map((id) => `${path}: ${id}`);
  });
  return [...new Set(found)].toSorted();
}

interface OrdinaryWord {
  readonly id: string;
  readonly meaning: string;
  readonly paths: readonly string[];
}

/** Ids that are ordinary words: every place where they stand in another meaning. */
const ordinaryWords: readonly OrdinaryWord[] = [
  {
    id: 'mask',
    meaning: 'the picture beside a picture that is white where that one is to be drawn anew, or where a control acts',
    paths: [
      'cli/controls/control-bodies.ts',
      'cli/controls/control-options.ts',
      'cli/extract.ts',
      'cli/files/picture-files.ts',
      'cli/files/request-files.ts',
      'generation/foreign-names.ts',
      'generation/given-picture.ts',
      'generation/plan.ts',
      'generation/request.ts',
      'generation/resolve-control.ts',
      'generation/resolve.ts',
      'generation/stored-plan.ts',
      'server/routes/form-schemas.ts',
      'server/submissions/flat-form.ts',
      'server/submissions/pictures.ts',
      'server/submissions/shared-pictures.ts',
      'server/views/control-view.ts',
      'worker/extract-condition.ts',
    ],
  },
  { id: 'depth', meaning: 'levels of nested JSON', paths: ['json/outline.ts'] },
  { id: 'depth', meaning: 'jobs that wait in the queue', paths: ['server/load/queue-gauge.ts'] },
  {
    id: 'invert',
    meaning: 'an option that turns black and white round',
    paths: ['conditions/depth/options.ts', 'conditions/mask/mask.ts', 'conditions/mask/options.ts'],
  },
  { id: 'invert', meaning: 'a field of tokenizer.json', paths: ['pipeline/tokenizer/tokenizer-json.ts'] },
  {
    id: 'threshold',
    meaning: 'a level from which something counts',
    paths: ['conditions/lineart/lineart.ts', 'conditions/lineart/options.ts', 'conditions/scribble/drawing.ts'],
  },
];

describe('ids of conditions and schedulers', () => {
  it('are named by their own folders and registries alone', () => {
    const expected = ordinaryWords.flatMap(({ id, paths }) => paths.map((path) => `${path}: ${id}`));
    expect(places(sourceLiterals())).toEqual(expected.toSorted());
  }, 60_000);

  it.each([
    `export const a = (type: string) => type === 'canny';`,
    `export const a = (type: string) => { switch (type) { case "euler_a": return 1; } };`,
    'export const a = new Set([`openpose`]);',
    `export const a = { softedge: 1 };`,
    `export const a = (b: any) => b.unipc;`,
    `export const a = (b: any) => b['seg'];`,
    `export interface A { readonly mlsd: number }`,
    `export const a = (type: string) => type === 'dpmpp' + '_2m';`,
    `export const a = (type: string) => /^shuffle/.test(type);`,
  ])('would be found: %s', (text) => {
    expect(places(literalsIn(text))).toHaveLength(1);
  });
});
