import type { RenameRule } from './rename.ts';

const part = String.raw`(weight|bias)`;

/** Names of BasicSR and Real-ESRGAN stay. */
const basicRules: readonly RenameRule[] = [
  [/^((?:conv_first|conv_body|conv_up\d+|conv_hr|conv_last|body\.\d+\.rdb[123]\.conv\d)\..+)$/, '$1'],
];

/** Names of KAIR and BSRGAN. */
const kairRules: readonly RenameRule[] = [
  [/^RRDB_trunk\.(\d+)\.RDB([123])\.conv(\d)\.(.+)$/, 'body.$1.rdb$2.conv$3.$4'],
  [/^trunk_conv\.(.+)$/, 'conv_body.$1'],
  [/^upconv(\d)\.(.+)$/, 'conv_up$1.$2'],
  [/^HRconv\.(.+)$/, 'conv_hr.$1'],
  [/^(conv_(?:first|last)\..+)$/, '$1'],
];

/**
 * From what the tensors of an RRDBNet are called to the names of BasicSR. Files of the first ESRGAN number their layers through: which of
 * them enlarge follows from how many there are.
 */
export function upscalerRules(tensors: Iterable<string>): readonly RenameRule[] {
  const names = [...tensors];
  if (names.some((name) => name.startsWith('RRDB_trunk.'))) return kairRules;
  return names.some((name) => name.startsWith('model.1.sub.')) ? numberedRules(names) : basicRules;
}

function numberedRules(names: readonly string[]): readonly RenameRule[] {
  const numbers = (pattern: RegExp): readonly number[] => {
    const found = new Set(names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number));
    return [...found].toSorted((a, b) => a - b);
  };
  const layers = numbers(/^model\.(\d+)\.weight$/);
  const last = numbers(/^model\.1\.sub\.(\d+)\.weight$/).at(-1);
  const ends = layers.slice(-2);
  const rule = (layer: number | undefined, name: string): RenameRule => [
    new RegExp(String.raw`^model\.${layer}\.${part}$`),
    `${name}.$1`,
  ];
  return [
    [/^model\.1\.sub\.(\d+)\.RDB([123])\.conv(\d)\.0\.(.+)$/, 'body.$1.rdb$2.conv$3.$4'],
    [new RegExp(String.raw`^model\.1\.sub\.${last}\.${part}$`), 'conv_body.$1'],
    rule(layers[0], 'conv_first'),
    ...layers.slice(1, -2).map((layer, index) => rule(layer, `conv_up${index + 1}`)),
    rule(ends[0], 'conv_hr'),
    rule(ends[1], 'conv_last'),
  ];
}
