// node scripts/setting-tables.mjs: writes the tables of docs/settings.md anew, from the settings of the built product. Run
// `npm run build` first. test/config/document.test.ts compares them.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './install.mjs';

const start = '<!-- tables of settings -->';

/** The text of docs/settings.md with the tables of these settings behind its mark. */
export function withTables(text, { themes, settings, variableOf }) {
  const head = text.slice(0, text.indexOf(start) + start.length);
  const tables = themes.map(({ heading, keys }) => {
    const rows = keys.map((key) => rowOf(settings[key], variableOf(settings[key])));
    return [`## ${heading}`, '', '| flag | variable | default | is |', '| --- | --- | --- | --- |', ...rows].join('\n');
  });
  return `${[head, ...tables].join('\n\n')}\n`;
}

function rowOf({ flag, argument, aliases = [], takenFor, fallback, fallbackText, description }, variable) {
  const value = argument === undefined ? '' : ` ${argument.toUpperCase()}`;
  const cells = [
    takenFor.length === 0 ? '' : `\`--${flag}${value}\``,
    [variable, ...aliases].map((name) => `\`${name}\``).join(', '),
    fallbackText ?? inWords(fallback({})),
    description,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function inWords(value) {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value === null || value === '' || Array.isArray(value)) return 'none';
  return String(value);
}

if (process.argv[1] === join(root, 'scripts', 'setting-tables.mjs')) {
  const file = join(root, 'docs', 'settings.md');
  const rows = await import('../dist/config/settings/settings.js');
  const { variableOf } = await import('../dist/config/settings/setting.js');
  await writeFile(file, withTables(await readFile(file, 'utf8'), { ...rows, variableOf }));
}
