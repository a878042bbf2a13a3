import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../src', import.meta.url));

export interface SourceFile {
  /** Path below src, with slashes: `images/decode.ts`. */
  readonly path: string;
  /** The text without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** A path below src for a file of ours, else the specifier as written. */
  readonly target: string;
  readonly own: boolean;
  /** Vanishes at compile time. */
  readonly typeOnly: boolean;
}

export function sourceFiles(): readonly SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names.map((name) => parseSource(name.split(sep).join('/'), readFileSync(join(root, name), 'utf8')));
}

export function parseSource(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  return { path, code, imports: importsOf(path, code) };
}

function importsOf(path: string, code: string): readonly Import[] {
  const from = [...code.matchAll(/^\s*(?:import|export)\s+([^;'"]*?)\s*from\s*['"]([^'"]+)['"]/gm)].map((match) =>
    importOf(path, match[2] ?? '', isTypeOnly(match[1] ?? '')),
  );
  const bare = [
    ...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\b(?:import|require|resolve)\(\s*['"`]([^'"`]+)['"`]/g),
    // What a process or thread of its own begins with, by the name that it has once it is built.
    ...code.matchAll(/\bnew URL\(\s*['"`](\.[^'"`]+\.[jt]s)['"`]/g),
  ];
  return [...from, ...bare.map((match) => importOf(path, match[1] ?? '', false))];
}

function isTypeOnly(clause: string): boolean {
  if (clause.startsWith('type ')) return true;
  const names = /^\{([^}]*)\}$/.exec(clause.trim())?.[1]?.split(',') ?? [''];
  return names.filter((name) => name.trim() !== '').every((name) => name.trim().startsWith('type ')) && names[0] !== '';
}

function importOf(path: string, specifier: string, typeOnly: boolean): Import {
  const own = specifier.startsWith('.');
  return {
    target: own ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts') : specifier,
    own,
    typeOnly,
  };
}

/** Takes comments out and leaves strings alone, for `'https://...'` is no comment. */
function withoutComments(text: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replaceAll(token, (match) => (match.startsWith('/') ? ' ' : match));
}
