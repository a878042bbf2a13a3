import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  isBinaryExpression,
  isIdentifier,
  isNoSubstitutionTemplateLiteral,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertySignatureDeclaration,
  isRegularExpressionLiteral,
  isShorthandPropertyAssignment,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API, type APIOptions } from 'typescript/unstable/sync';

/** Where code names something: a text, a pattern, or a property that it writes or reads. */
export interface Literal {
  /** Path below src, with slashes. */
  readonly path: string;
  readonly kind: 'text' | 'pattern' | 'property';
  readonly text: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The literals of all files below src, by the parser of TypeScript. Texts that are put together of constant ones are whole. */
export function sourceLiterals(): readonly Literal[] {
  return literalsOf({ cwd: root }, `${root}tsconfig.build.json`, `${root}src`);
}

/** The same of one file with this text. */
export function literalsIn(text: string): readonly Literal[] {
  const fs = createVirtualFileSystem({ '/tsconfig.json': '{"include": ["src"]}', '/src/code.ts': text });
  return literalsOf({ cwd: '/', fs }, '/tsconfig.json', '/src');
}

function literalsOf(options: APIOptions, config: string, folder: string): readonly Literal[] {
  const api = new API(options);
  try {
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    const names = project?.program.getSourceFileNames().filter((name) => name.startsWith(`${folder}/`)) ?? [];
    return names.flatMap((name) => {
      const path = relative(folder, name).split(sep).join('/');
      const found: Literal[] = [];
      const visit = (node: Node): void => {
        const literal = literalOf(node);
        if (literal !== null) found.push({ path, ...literal });
        node.forEachChild(visit);
      };
      visit(project!.program.getSourceFile(name)!);
      return found;
    });
  } finally {
    api.close();
  }
}

function literalOf(node: Node): Omit<Literal, 'path'> | null {
  const text = constantText(node);
  if (text !== null) return { kind: 'text', text };
  if (isRegularExpressionLiteral(node)) return { kind: 'pattern', text: node.text };
  if (
    isPropertyAssignment(node) ||
    isShorthandPropertyAssignment(node) ||
    isPropertySignatureDeclaration(node) ||
    isPropertyAccessExpression(node)
  ) {
    return isIdentifier(node.name) ? { kind: 'property', text: node.name.text } : null;
  }
  return null;
}

/** The text of a literal, or of literals that are added; null for anything else. */
function constantText(node: Node): string | null {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!isBinaryExpression(node) || node.operatorToken.kind !== SyntaxKind.PlusToken) return null;
  const [left, right] = [constantText(node.left), constantText(node.right)];
  return left === null || right === null ? null : left + right;
}
