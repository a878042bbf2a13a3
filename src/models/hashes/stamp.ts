import type { BigIntStats } from 'node:fs';

/** Size, times of change and inode: equal as long as the file is the same. */
export function stampOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size}:${mtimeNs}:${ctimeNs}:${ino}`;
}
