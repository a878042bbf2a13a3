// node scripts/condition-tables.mjs: writes the tables of options in docs/conditions.md anew, from the registry of the
// built product. With --check it writes nothing and ends with 1 where they differ. Run `npm run build` first.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeConditions } from '../dist/conditions/registry.js';
import { fail, root } from './install.mjs';

const file = join(root, 'docs', 'conditions.md');
const text = await readFile(file, 'utf8');
const rows = describeConditions();
const known = [...text.matchAll(/^<!-- options of (\w+) -->$/gm)].map(([, id]) => id);
const missing = rows.filter(({ id }) => !known.includes(id)).map(({ id }) => id);
const surplus = known.filter((id) => !rows.some((row) => row.id === id));
if (missing.length > 0) fail(`docs/conditions.md has no place for the options of ${missing.join(', ')}.`);
if (surplus.length > 0) fail(`docs/conditions.md describes ${surplus.join(', ')}, which is no condition.`);

const updated = rows.reduce((document, row) => withTable(document, row), text);
if (process.argv.includes('--check')) {
  if (updated !== text) fail('the tables of docs/conditions.md are old: run node scripts/condition-tables.mjs.');
} else {
  await writeFile(file, updated);
  console.log(`docs/conditions.md: options of ${rows.length} conditions`);
}

function withTable(document, { id, options }) {
  const [start, end] = [`<!-- options of ${id} -->`, `<!-- end of options -->`];
  const from = document.indexOf(start) + start.length;
  const to = document.indexOf(end, from);
  if (to === -1) fail(`docs/conditions.md has no end of the options of ${id}.`);
  return `${document.slice(0, from)}\n\n${table(options)}\n\n${document.slice(to)}`;
}

function table(options) {
  const properties = Object.entries(options?.properties ?? {});
  if (properties.length === 0) return 'No options.';
  const lines = properties.map(([name, schema]) => {
    const cells = [`\`${name}\``, values(schema), `\`${JSON.stringify(schema.default ?? null)}\``, schema.description];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| option | values | default | what it does |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** What a JSON Schema allows, in words. */
function values(schema) {
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => values(one)).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.type === 'null') return '`null`';
  if (schema.type === 'string') return schema.pattern === undefined ? 'text' : 'an id';
  const range = `${schema.minimum} to ${schema.maximum}`;
  return schema.type === 'integer' ? `${range}, whole` : range;
}
