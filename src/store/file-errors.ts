import { ArmatureError } from '../errors.ts';
import { SpecialFile } from '../files/regular-file.ts';

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const awayCodes = new Set(['EACCES', 'EPERM', 'EROFS', 'EIO', 'ESTALE', 'ENODEV', 'EMFILE', 'ENFILE']);

/** What a failed operation on a file means for the one who asked for an object. */
export function storeError(error: unknown, key: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof SpecialFile || code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') {
    return new ArmatureError('not_found', `There is no object ${key}.`, { cause: error });
  }
  if (code !== undefined && fullCodes.has(code)) {
    return new ArmatureError(
      'storage_full',
      `There is no room left to store ${key} (${code}). Make room, then try again.`,
      {
        cause: error,
      },
    );
  }
  if (code !== undefined && awayCodes.has(code)) {
    return new ArmatureError('unavailable', `The object store cannot be used now (${code}).`, { cause: error });
  }
  return error;
}
