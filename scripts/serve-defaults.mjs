import { join } from 'node:path';
import { root } from './install.mjs';

/** The data folder of a clone, for {@link serveDefaults}. */
export const dataOfClone = { '--data': join(root, 'data') };

/** Those settings of `armature serve` about which neither an argument nor a variable says anything. */
export function serveDefaults(given, settings) {
  const isSet = (flag) => (process.env[`ARMATURE_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`] ?? '') !== '';
  const says = (flag) => isSet(flag) || given.some((argument) => argument === flag || argument.startsWith(`${flag}=`));
  return Object.entries(settings).flatMap(([flag, value]) => (says(flag) ? [] : [flag, value]));
}
