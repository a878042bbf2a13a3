/** Words in the names of public ControlNets, and the condition each stands for; the first that occurs counts. */
const words: readonly (readonly [RegExp, string])[] = [
  [/canny/, 'canny'],
  [/depth|zoe|midas/, 'depth'],
  [/open_?pose|dw_?pose|pose/, 'openpose'],
  [/(^|_)seg|ade20k/, 'seg'],
  [/soft_?edge|hed|pidi/, 'softedge'],
  [/scribble|sketch/, 'scribble'],
  [/mlsd/, 'mlsd'],
  [/line_?art/, 'lineart'],
  [/normal(bae)?/, 'normal'],
  [/tile/, 'tile'],
  [/inpaint/, 'inpaint'],
  [/shuffle/, 'shuffle'],
  [/recolou?r/, 'recolor'],
  [/blur/, 'blur'],
];

/**
 * What a ControlNet of this name is probably for, or null. An offer in a listing and nothing else: names lie, so nobody
 * draws by it before `set-type` has confirmed it.
 */
export function guessType(name: string): string | null {
  const plain = name.toLowerCase().replaceAll(/[-. ]+/g, '_');
  return words.find(([word]) => word.test(plain))?.[1] ?? null;
}
