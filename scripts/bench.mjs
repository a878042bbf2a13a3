// npm run bench -- NAME: builds and runs bench/NAME.ts; without a name it lists what there is.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale, compile } from './build.mjs';
import { fail, installIfStale, node, requireNode, root } from './install.mjs';

const folder = join(root, 'bench');
const [name, ...rest] = process.argv.slice(2);

if (name === undefined) {
  for (const bench of benches()) console.log(`${bench.padEnd(24)} ${description(bench)}`);
} else {
  if (!benches().includes(name)) fail(`there is no bench "${name}". The choices are ${benches().join(', ')}.`);
  requireNode();
  await installIfStale();
  await buildIfStale();
  if ((await compile('tsconfig.bench.json')) !== 0) fail('the benches do not compile: see above.');
  process.exitCode = node([join(folder, 'out', 'bench', `${name}.js`), ...rest]);
}

/** A bench is a file of bench/ that starts with a comment; parts that benches share lie in folders. */
function benches() {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .toSorted();
}

/** The first line of the comment that the file starts with. */
function description(bench) {
  const text = readFileSync(join(folder, `${bench}.ts`), 'utf8');
  const [, line = ''] = /^(?:\/\*\*?\s*\*?\s*|\/\/\s*)(.*?)\s*(?:\*\/)?$/m.exec(text) ?? [];
  return line;
}
