import type { RenameRule } from './rename.ts';

/** Names of diffusers' T2I-Adapters stay. */
const diffusersRules: readonly RenameRule[] = [[/^(?:adapter\.)?((?:conv_in|body)\..+)$/, 'adapter.$1']];

/** Residual blocks in each level of a full adapter, which the original code numbers through. */
const perLevel = 2;

const fullRules: readonly RenameRule[] = [
  [/^(?:adapter\.)?(conv_in\..+)$/, 'adapter.$1'],
  [
    /^(?:adapter\.)?body\.(\d+)\.(block[12]\..+)$/,
    (block, rest) => `adapter.body.${levelOf(block)}.resnets.${Number(block) % perLevel}.${rest}`,
  ],
  [
    /^(?:adapter\.)?body\.(\d+)\.((?:in_conv|down_opt\.op)\..+)$/,
    (block, rest) => `adapter.body.${levelOf(block)}.${rest}`,
  ],
];

const lightRules: readonly RenameRule[] = [
  [/^(?:adapter\.)?body\.(\d+)\.body\.(\d+)\.(block[12]\..+)$/, 'adapter.body.$1.resnets.$2.$3'],
  [/^(?:adapter\.)?body\.(\d+\.(?:in_conv|out_conv)\..+)$/, 'adapter.body.$1'],
];

/**
 * From what the tensors of a T2I-Adapter are called to the names of diffusers. The original code (TencentARC) has no `resnets` in its names;
 * its files may have `adapter.` before them too.
 */
export function t2iAdapterRules(tensors: Iterable<string>): readonly RenameRule[] {
  const names = [...tensors];
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/\.resnets\./)) return diffusersRules;
  return has(/^(?:adapter\.)?conv_in\./) ? fullRules : lightRules;
}

function levelOf(block: string): number {
  return Math.floor(Number(block) / perLevel);
}
