// The programs of the package, each as few files: Node takes longer to find and open a thousand modules than to run what they say.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { root } from './install.mjs';

/** What is started as a program or a thread, and what `npm start` loads; paths in src, without .ts. */
const entries = [
  'cli',
  'cli/run',
  'device/main',
  'extractor/main',
  'images/decoder/main',
  'models/hashes/hash-main',
  'models/inspector-main',
  'models/scan/scan-main',
  'records/database/embedded-thread',
  'runtime/session-main',
  'trainer/main',
];
/**
 * Packages that stay where npm puts them: they bring native code or WebAssembly, start threads of their own, or read files beside them. All
 * others are bundled, too.
 */
const apart = [
  '@electric-sql/pglite',
  '@fastify/swagger',
  '@fastify/swagger-ui',
  'ioredis',
  'msgpackr',
  'onnxruntime-node',
  'pino',
  'pino-pretty',
  'sharp',
  // What others would use if it were there.
  '@valkey/valkey-glide',
  'pg-native',
  'supports-color',
];
/** Bundled modules that ask where they lie, and do without an answer in what is used of them here. */
const placeless = ['bullmq/dist/cjs/classes/worker.js', 'undici/'];
const src = join(root, 'src');
/** Milliseconds for which what a build has replaced stays there. */
const keptMs = 24 * 3600 * 1000;

/**
 * Writes the entries over what the compiler made of them, and what they share below dist/chunks. The other modules stay as they are, for scripts that
 * load one of them.
 */
export async function bundle() {
  // Not before it is installed.
  const { rolldown } = await import('rolldown');
  const made = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries(entries.map((entry) => [entry, join(src, `${entry}.ts`)])),
    external: (id) => apart.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [ownPlaces, samePlaces],
  });
  const { output } = await made.write({
    dir: join(root, 'dist'),
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: true,
  });
  await made.close();
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  writeFileSync(join(root, 'dist', licences), licencesOf(modules));
  const written = [licences, ...output.map(({ fileName }) => fileName)].filter((name) => name.startsWith('chunks/'));
  removeReplaced(join(root, 'dist', 'chunks'), new Set(written.map((name) => posix.basename(name))), Date.now());
}

/** Beside what it is about: copies of packages keep the words of their authors. */
const licences = 'chunks/licenses.txt';

/** The licences and notices of the packages that these modules are of, each text once, under the names of all that it stands for. */
export function licencesOf(modules) {
  const folders = new Set(modules.flatMap((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []));
  const named = new Map();
  for (const folder of [...folders].toSorted((one, other) => (one < other ? -1 : 1))) {
    const { name = basename(folder), version, license } = readJson(join(folder, 'package.json')) ?? {};
    const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(file));
    const text = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
    named.set(text, [...(named.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  return [...named].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

/**
 * Removes the files of a folder that no build has written for a day. Until then they may be what a process that runs has yet to load: what it needs
 * for a kind of map or a command it loads when that is asked for, by the name that it had.
 */
export function removeReplaced(folder, written, now) {
  const list = join(folder, '.replaced');
  const known = new Map(Object.entries(readJson(list) ?? {}));
  const replaced = readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !written.has(name))
    .map((name) => [name, known.get(name) ?? now]);
  const isOld = ([, since]) => now - since >= keptMs;
  for (const [name] of replaced.filter(isOld)) rmSync(join(folder, name));
  const kept = replaced.filter((one) => !isOld(one));
  if (kept.length === 0) rmSync(list, { force: true });
  else writeFileSync(list, JSON.stringify(Object.fromEntries(kept)));
}

/** Null where it is not there, or was not written whole. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Modules find files by where they lie themselves: a module is told where it would lie by itself. */
const ownPlaces = {
  name: 'own-places',
  transform(code, id) {
    if (!id.startsWith(src) || !code.includes('import.meta.url')) return null;
    const module = relative(src, id).split(sep).join('/').replace(/\.ts$/, '.js');
    // Lines stay where they are: maps of them still tell.
    return { code: code.replaceAll('import.meta.url', `new URL('dist:${module}', import.meta.url).href`), map: null };
  },
  renderChunk(code, { fileName }) {
    const placed = code.replaceAll(/(["'`])dist:([\w/.-]+)\1/g, (_, quote, module) => {
      const path = posix.relative(dirname(fileName), module);
      return `${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
    });
    return placed === code ? null : { code: placed, map: null };
  },
};

/** A package of others that reads what lies beside it would find something else there once it is bundled. */
export const samePlaces = {
  name: 'same-places',
  transform(code, id) {
    const [, module] = id.split('/node_modules/');
    if (module === undefined || !/\b(?:__dirname|__filename|import\.meta\.(?:url|dirname|filename))\b/.test(code))
      return;
    const said = code.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
    if (!/\b__(?:dir|file)name\b|import\.meta\.(?:url|dirname|filename)/.test(said)) return;
    if (placeless.some((known) => module.startsWith(known))) return;
    this.error(`${module} asks where it lies: name its package in scripts/bundle.mjs among those that stay apart.`);
  },
};
