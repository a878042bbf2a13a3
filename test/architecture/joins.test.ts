import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** Lists that are in the order of a request's controls, LoRAs or learned words. */
const lists = ['controls', 'maps', 'regions', 'hints', 'loras', 'embeddings'];

/** An expression that ends with such a list: `plan.controls`, `controls(plan)!`, `(plan.loras ?? [])`. */
const list = String.raw`\b(?:${lists.join('|')})(?:\([^()]*\)|!|\s*\?\? \[\]\))?`;

const taken = [
  // Something taken out of such a list by a place that is not written there ...
  new RegExp(String.raw`${list}(?:\?\.)?\[(?=[a-z])[^\]]*\]`, 'gi'),
  // ... or as `at` takes it.
  new RegExp(String.raw`${list}\??\.at\((?=[a-z])[^)]*\)`, 'gi'),
];

/** Where such a list is gone through with the places of what is in it: the name of the place, and where the work begins. */
const walks = [
  new RegExp(
    String.raw`${list}\)?\??\.(?:map|flatMap|forEach|filter|every|some|find|findIndex|reduce)\(\s*(?:async\s*)?\((?:\{(?:[^{}]|\{[^{}]*\})*\}|\[[^\]]*\]|\w+)(?:: [^,()]+)?,\s*(\w+)`,
    'g',
  ),
  new RegExp(String.raw`\bfor \((?:const|let) \[(\w+),[^;]{0,200}? of [^;{]*${list}\)?\??\.entries\(\)\)`, 'g'),
  new RegExp(String.raw`\bfor \(let (\w+) = 0; \w+ < [\w.?!#]*${list}\.length;`, 'g'),
];

/** Constructors, where the lists of a stored job meet, and lists of other things. */
const known = [
  // The maps of a result, which is stored with them in the order of the plan's controls.
  'generation/kinds/job-controls.ts: maps[index]',
  // What to do, by the status of an answer.
  'cli/client/server-client.ts: hints[response.status]',
];

function joins(text: string): readonly string[] {
  const found = taken.flatMap((look) => [...text.matchAll(look)].map(([one]) => one));
  const walked = walks.flatMap((walk) =>
    [...text.matchAll(walk)].flatMap(({ index, 0: head, 1: place }) => {
      const used = new RegExp(String.raw`\w*[\w)\]!](?:\?\.)?\[${place}(?: [-+] \d+)?\]|\w*\.at\(${place}\)`, 'g');
      return [...work(text, index + head.length).matchAll(used)].map(([one]) => one);
    }),
  );
  return [...new Set([...found, ...walked])];
}

/** What stands from a place inside brackets to where the statement ends that begins there. */
function work(text: string, start: number): string {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    if ('([{'.includes(text[at]!)) depth += 1;
    else if (')]}'.includes(text[at]!)) depth -= 1;
    if (depth < 0 || (depth === 0 && /^[)\]}]\s*[;\n,]/.test(text.slice(at, at + 20)))) return text.slice(start, at);
  }
  return text.slice(start);
}

describe('what a request has several of', () => {
  it('travels whole: no two lists of it are joined by a place', () => {
    const found = sourceFiles().flatMap(({ path, code }) => joins(code).map((one) => `${path}: ${one}`));
    expect(found.toSorted()).toEqual(known.toSorted());
  });

  it.each([
    'result?.maps[index]',
    'kindOf(plan).controls(plan)[index]',
    'plan.controls[i]!',
    'plan.loras?.[place]?.passes',
    '(plan.embeddings ?? [])[place]',
    'hints[control.index]',
    'const region = regions[at];',
    'const map = result.maps.at(index);',
    'const drawn = plan.controls.map((control, index) => ({ ...control, map: made[index] }));',
    'plan.controls.forEach(({ type }, i) => { show(type, given[i]!); });',
    'const nets = plan.controls.flatMap(async ({ model: { id } }, at) => await opened.at(at));',
    'for (const [index, control] of plan.controls.entries()) {\n  show(control, made[index]);\n}',
    'for (const [index, { scale }] of (plan.loras ?? []).entries()) add(scale, weights[index]);',
    'for (let i = 0; i < plan.controls.length; i++) {\n  add(pictures[i]);\n}',
  ])('would be found: %s', (text) => {
    expect(joins(text)).not.toEqual([]);
  });

  it.each([
    'const [first] = plan.controls;',
    'plan.controls.map((control, index) => `controls[${index}].${control.type}`);',
    'const last = maps.at(-1);',
  ])('would not be found: %s', (text) => {
    expect(joins(text)).toEqual([]);
  });
});
