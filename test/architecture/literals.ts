import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  isArrayLiteralExpression,
  isAsExpression,
  isBinaryExpression,
  isBindingElement,
  isCallExpression,
  isEnumMember,
  isGetAccessorDeclaration,
  isIdentifier,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isNoSubstitutionTemplateLiteral,
  isNumericLiteral,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isRegularExpressionLiteral,
  isShorthandPropertyAssignment,
  isStringLiteral,
  isTemplateExpression,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API, type APIOptions } from 'typescript/unstable/sync';

/** Where code names something: a text, a pattern, a property that it writes or reads, or a text that it knows in part. */
export interface Literal {
  /** Path below src, with slashes. */
  readonly path: string;
  readonly kind: 'text' | 'pattern' | 'property' | 'part';
  /** Of a part, with {@link hole} for what is not known. */
  readonly text: string;
}

/** Stands in a part for any text, none too. */
export const hole = '\0';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The literals of all files below src, by the parser of TypeScript. Texts that are put together of constant ones are whole. */
export function sourceLiterals(): readonly Literal[] {
  return literalsOf({ cwd: root }, `${root}tsconfig.build.json`, `${root}src`);
}

/** The same of files with these texts, for each by itself. */
export function literalsIn(texts: readonly string[]): readonly (readonly Literal[])[] {
  const files = Object.fromEntries(texts.map((text, index) => [`/src/text${index}.ts`, text]));
  const fs = createVirtualFileSystem({ '/tsconfig.json': '{"include": ["src"]}', ...files });
  const found = literalsOf({ cwd: '/', fs }, '/tsconfig.json', '/src');
  return texts.map((_, index) => found.filter(({ path }) => path === `text${index}.ts`));
}

function literalsOf(options: APIOptions, config: string, folder: string): readonly Literal[] {
  const api = new API(options);
  try {
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    const names = project?.program.getSourceFileNames().filter((name) => name.startsWith(`${folder}/`)) ?? [];
    return names.flatMap((name) => {
      const path = relative(folder, name).split(sep).join('/');
      return [...literalsOfTree(project!.program.getSourceFile(name)!)].map((literal) => ({ path, ...literal }));
    });
  } finally {
    api.close();
  }
}

type Found = Omit<Literal, 'path'>;

function* literalsOfTree(tree: Node): Generator<Found> {
  /** Texts that constants of the file stand for. */
  const constants = new Map<string, string>();
  const nodes: Node[] = [];
  const visit = (node: Node): void => {
    nodes.push(node);
    if (isVariableDeclaration(node) && isIdentifier(node.name) && node.initializer !== undefined) {
      const [text, ...more] = pieces(node.initializer, constants);
      if (more.length === 0 && typeof text === 'string') constants.set(node.name.text, text);
    }
    node.forEachChild(visit);
  };
  visit(tree);
  for (const node of nodes) yield* literalsOfNode(node, constants);
}

function* literalsOfNode(node: Node, constants: ReadonlyMap<string, string>): Generator<Found> {
  if (isRegularExpressionLiteral(node)) yield { kind: 'pattern', text: node.text };
  const name = nameOf(node);
  if (name !== null) yield { kind: 'property', text: name };
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) yield { kind: 'text', text: node.text };
  else if (isTemplateExpression(node) || isBinaryExpression(node) || isCallExpression(node)) {
    const all = pieces(node, constants);
    if (all.every((piece) => piece !== null)) yield { kind: 'text', text: all.join('') };
    else if (all.some((piece) => piece !== null)) {
      yield { kind: 'part', text: all.map((piece) => piece ?? hole).join('') };
    }
  }
  if (isCallExpression(node)) yield* askedFor(node, constants);
}

/** What a call asks of a text in part: how it begins or ends, or what is in it. */
function* askedFor(call: Node, constants: ReadonlyMap<string, string>): Generator<Found> {
  if (!isCallExpression(call) || !isPropertyAccessExpression(call.expression)) return;
  const [argument] = call.arguments;
  if (argument === undefined || !isIdentifier(call.expression.name)) return;
  const [text, ...more] = pieces(argument, constants);
  if (typeof text !== 'string' || more.length > 0) return;
  const method = call.expression.name.text;
  if (method === 'startsWith') yield { kind: 'part', text: text + hole };
  if (method === 'endsWith') yield { kind: 'part', text: hole + text };
  if (['includes', 'indexOf', 'lastIndexOf', 'split', 'search', 'match'].includes(method)) {
    yield { kind: 'part', text: hole + text + hole };
  }
}

/** The name of a property, method or value of an enumeration that is declared, written or read here. */
function nameOf(node: Node): string | null {
  if (isBindingElement(node)) {
    const read = node.propertyName ?? node.name;
    return read !== undefined && isIdentifier(read) ? read.text : null;
  }
  if (
    isPropertyAssignment(node) ||
    isShorthandPropertyAssignment(node) ||
    isPropertySignatureDeclaration(node) ||
    isPropertyDeclaration(node) ||
    isPropertyAccessExpression(node) ||
    isMethodDeclaration(node) ||
    isMethodSignatureDeclaration(node) ||
    isGetAccessorDeclaration(node) ||
    isEnumMember(node)
  ) {
    return isIdentifier(node.name) ? node.name.text : null;
  }
  return null;
}

/** The pieces that a text is put together of, those beside each other joined; null for one that is not known. */
function pieces(node: Node, constants: ReadonlyMap<string, string>): readonly (string | null)[] {
  const of = (inner: Node): readonly (string | null)[] => pieces(inner, constants);
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node) || isNumericLiteral(node)) return [node.text];
  if (isParenthesizedExpression(node) || isAsExpression(node)) return of(node.expression);
  if (isIdentifier(node)) return [constants.get(node.text) ?? null];
  if (isTemplateExpression(node)) {
    const spans = node.templateSpans.flatMap(({ expression, literal }) => [...of(expression), literal.text]);
    return joined([node.head.text, ...spans]);
  }
  if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.PlusToken) {
    return joined([...of(node.left), ...of(node.right)]);
  }
  if (isCallExpression(node) && isPropertyAccessExpression(node.expression)) {
    const { expression: on, name } = node.expression;
    if (name.text === 'concat') return joined([on, ...node.arguments].flatMap(of));
    if (name.text === 'join' && isArrayLiteralExpression(on)) {
      const between = node.arguments[0] === undefined ? [','] : of(node.arguments[0]);
      return joined(on.elements.flatMap((element, index) => [...(index === 0 ? [] : between), ...of(element)]));
    }
  }
  return [null];
}

function joined(all: readonly (string | null)[]): readonly (string | null)[] {
  const result: (string | null)[] = [];
  for (const piece of all) {
    const last = result.at(-1);
    if (typeof last === 'string' && piece !== null) result[result.length - 1] = last + piece;
    else if (piece !== null || last !== null) result.push(piece);
  }
  return result;
}
