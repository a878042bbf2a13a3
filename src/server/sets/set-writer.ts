import { buffer } from 'node:stream/consumers';
import { ArmatureError } from '../../errors.ts';
import { archiveHead, sniffArchive } from '../../images/set-archive.ts';
import type { SetQuota, SetUpload } from '../../records/sets/set-upload.ts';
import { setPartKey } from '../../store/keys.ts';
import type { ServerParts } from '../parts/parts.ts';
import { otherWriter, quotaSpent } from './refusals.ts';

export type SetParts = Pick<ServerParts, 'records' | 'store'>;

/** One who writes on a set: gathers bytes to objects of one size, and counts each when it is stored. One object at most is in memory. */
export class SetWriter {
  readonly #parts: SetParts;
  readonly #quota: SetQuota;
  readonly #writer: number;
  #set: SetUpload;
  #index: number;
  readonly #piece: Buffer;
  /** Bytes of the piece that are there, and those of them that are stored already. */
  #filled: number;
  #stored: number;

  private constructor(
    parts: SetParts,
    {
      set,
      writer,
      quota,
      index,
      piece,
      filled,
    }: {
      readonly set: SetUpload;
      readonly writer: number;
      readonly quota: SetQuota;
      readonly index: number;
      readonly piece: Buffer;
      readonly filled: number;
    },
  ) {
    this.#parts = parts;
    this.#set = set;
    this.#writer = writer;
    this.#quota = quota;
    this.#index = index;
    this.#piece = piece;
    this.#filled = filled;
    this.#stored = filled;
  }

  /** Goes on where a set ends: an object that isn't full is read again, to be filled. `pieceBytes` is the size of a full one. */
  static async open(
    parts: SetParts,
    begun: { readonly set: SetUpload; readonly writer: number },
    { quota, pieceBytes }: { readonly quota: SetQuota; readonly pieceBytes: number },
  ): Promise<SetWriter> {
    const { set } = begun;
    const last = await parts.records.sets.lastPart(set.id);
    const open = last !== null && last.bytes < pieceBytes ? last : null;
    const filled = open?.bytes ?? 0;
    const index = last === null ? 0 : open === null ? last.index + 1 : last.index;
    const left = set.size === null ? pieceBytes : filled + set.size - set.received;
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, left));
    if (open !== null) {
      const bytes = await buffer(await parts.store.read(open.key));
      if (bytes.length !== filled) {
        const detail = `Expected ${filled} bytes of ${open.key} but the store gives ${bytes.length}.`;
        throw new ArmatureError('unavailable', detail);
      }
      bytes.copy(piece);
    }
    return new SetWriter(parts, { ...begun, quota, index, piece, filled });
  }

  /** As it is in the records. */
  get set(): SetUpload {
    return this.#set;
  }

  /** Bytes that were taken, stored or not. */
  get taken(): number {
    return this.#set.received + this.#filled - this.#stored;
  }

  /**
   * @throws ArmatureError `unsupported_media_type` where its first bytes are of no archive that sets come in; what the store and {@link flush}
   *   throw
   */
  async write(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const copied = rest.copy(this.#piece, this.#filled);
      this.#filled += copied;
      rest = rest.subarray(copied);
      if (this.#index === 0 && this.#set.archive === null && this.#filled >= archiveHead) this.#look();
      if (this.#filled < this.#piece.length) return;
      await this.flush();
      this.#index += 1;
      [this.#filled, this.#stored] = [0, 0];
    }
  }

  /** Stores what is there and has it counted. @throws ArmatureError `conflict` where another one writes by now, `quota_exceeded` */
  async flush(): Promise<void> {
    const set = this.#set;
    const [from, to] = [set.received, this.taken];
    const isUnknown = this.#index === 0 && set.archive === null;
    if (isUnknown && (this.#filled >= 4 || to === set.size)) this.#look(to !== set.size);
    if (from === to) return;
    const { records, store } = this.#parts;
    const part = { key: setPartKey(set.key, this.#index, this.#writer), bytes: this.#filled };
    await store.put(part.key, this.#piece.subarray(0, this.#filled), 'application/octet-stream');
    const { archive } = this.#set;
    const piece = { writer: this.#writer, index: this.#index, part, from, to, archive };
    const outcome = await records.sets.store(set.id, piece, this.#quota);
    if (outcome.kind === 'stored') {
      this.#set = { ...this.#set, received: to, whole: to === set.size };
      this.#stored = this.#filled;
      // What stays although nobody knows it goes with the set, or with the daily walk through the store.
      if (outcome.replaced !== null && outcome.replaced !== part.key)
        await store.delete(outcome.replaced).catch(() => {});
      return;
    }
    await store.delete(part.key).catch(() => {});
    throw outcome.kind === 'quota' ? quotaSpent(this.#quota, outcome.held) : otherWriter(set.id);
  }

  /** All of it is there. @throws ArmatureError `conflict` where another one writes by now */
  async finish(): Promise<void> {
    await this.flush();
    const { id, received, size } = this.#set;
    if (size !== null) return;
    if (this.#set.archive === null) this.#look();
    if (!(await this.#parts.records.sets.finish(id, this.#writer, received))) throw otherWriter(id);
    this.#set = { ...this.#set, size: received, whole: true };
  }

  /** With `more` to come, bytes that say nothing yet are no fault. */
  #look(more = false): void {
    const found = sniffArchive(this.#piece.subarray(0, this.#filled));
    if ('archive' in found) this.#set = { ...this.#set, archive: found.archive };
    else if (!more || this.#filled >= archiveHead) throw noArchive(found.other);
  }
}

function noArchive(found: string): ArmatureError {
  const detail = `Expected a zip or an uncompressed tar but the set begins like ${found}.`;
  return new ArmatureError('unsupported_media_type', detail, { choices: ['application/zip', 'application/x-tar'] });
}
