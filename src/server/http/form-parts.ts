import type { Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import { ArmatureError } from '../../errors.ts';
import { bodyChunks } from './body-chunks.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';
import type { ServerLimits } from '../parts/limits.ts';
import { mediaTypeOf, requireOnce, shown } from './media-type.ts';

/** One part of a form, as it came. */
export interface FormPart {
  readonly name: string;
  /** What has a file name, or is of a type that is no text. */
  readonly isFile: boolean;
  /** In small letters, without parameters; text/plain where the part does not say. */
  readonly type: string;
  readonly charset: string | undefined;
  readonly bytes: Buffer;
}

export type FormLimits = Pick<ServerLimits, 'bodyBytes' | 'fieldBytes' | 'formFields' | 'formFiles' | 'picture'>;

/** Bytes that are parsed before others may get their turn. */
const sliceBytes = 2 ** 16;
const mostHeaderPairs = 20;
const longestHeader = 2 ** 14;
/** RFC 2046, section 5.1.1. */
const longestBoundary = 70;
const longestName = 100;

/**
 * Reads the parts of a multipart/form-data body, which lets others have their turn meanwhile. What is over the limits is refused
 * where that shows (`payload_too_large`), what is no form with `invalid_request`; the rest of the body is then left unread.
 */
export async function readParts(body: Readable, contentType: string, limits: FormLimits): Promise<readonly FormPart[]> {
  const boundary = mediaTypeOf(contentType).parameters.get('boundary') ?? '';
  if (boundary === '' || boundary.length > longestBoundary) throw badForm();
  const reading = new Reading(boundary, limits);
  try {
    for await (const chunk of bodyChunks(body, limits.bodyBytes)) {
      for (let start = 0; start < chunk.length; start += sliceBytes) {
        await reading.take(chunk.subarray(start, start + sliceBytes));
        if (isOverdue()) await nextTurn();
      }
    }
    return await reading.end();
  } catch (error) {
    throw error instanceof ArmatureError ? error : badForm(error);
  }
}

/** The error for what is not the form that it says it is. */
function badForm(cause?: unknown): ArmatureError {
  return new ArmatureError('invalid_request', 'Expected a multipart form but it cannot be parsed.', { cause });
}

/** A part whose header has been read. */
interface Begun extends Omit<FormPart, 'bytes'> {
  readonly most: number;
}

class Reading {
  readonly #limits: FormLimits;
  readonly #parser: Dicer;
  readonly #finished: Promise<void>;
  readonly #parts: Promise<FormPart>[] = [];
  readonly #names = new Set<string>();
  #isEmpty = true;
  #files = 0;
  #failure: unknown = null;

  constructor(boundary: string, limits: FormLimits) {
    this.#limits = limits;
    const options = { boundary, maxHeaderPairs: mostHeaderPairs, maxHeaderSize: longestHeader };
    this.#parser = new Dicer(options);
    this.#parser.on('part', (part) => this.#begin(part));
    this.#finished = new Promise((resolve, reject) => {
      this.#parser.on('finish', resolve);
      this.#parser.on('error', reject);
    });
    this.#finished.catch((error: unknown) => (this.#failure ??= error));
  }

  async take(piece: Buffer): Promise<void> {
    this.#isEmpty = false;
    // What comes behind the last part means nothing.
    if (!this.#parser.writable) return;
    await Promise.race([new Promise<void>((taken) => this.#parser.write(piece, () => taken())), this.#finished]);
    if (this.#failure !== null) throw this.#failure;
  }

  async end(): Promise<readonly FormPart[]> {
    if (this.#isEmpty) return [];
    if (this.#parser.writable) this.#parser.end();
    await this.#finished;
    const parts = await Promise.all(this.#parts);
    if (this.#failure !== null) throw this.#failure;
    return parts;
  }

  #begin(part: Dicer.PartStream): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let begun: Begun | null = null;
    part.on('header', (header) => {
      begun = this.#attempt(() => this.#announced(header as PartHeader));
    });
    part.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (begun !== null && bytes > begun.most) this.#attempt(() => tooLong(begun!));
      if (this.#failure === null) chunks.push(chunk);
    });
    const whole = new Promise<FormPart>((resolve, reject) => {
      part.on('end', () => {
        if (begun === null) reject(badForm());
        else resolve({ ...begun, bytes: Buffer.concat(chunks) });
      });
      part.on('error', reject);
    });
    whole.catch((error: unknown) => (this.#failure ??= error));
    this.#parts.push(whole);
    if (this.#parts.length > this.#limits.formFields + this.#limits.formFiles) this.#failure ??= tooMany();
  }

  /** What is wrong with a part is thrown where the body is read, not within the parser. */
  #attempt<T>(work: () => T): T | null {
    if (this.#failure !== null) return null;
    try {
      return work();
    } catch (error) {
      this.#failure = error;
      return null;
    }
  }

  #announced(header: PartHeader): Begun {
    const disposition = mediaTypeOf(utf8(header['content-disposition']?.[0] ?? ''));
    const { type, parameters } = disposition;
    const name = parameters.get('name');
    if (type !== 'form-data' || name === undefined) throw badForm();
    if (name.length > longestName) throw tooMany();
    if (this.#names.has(name)) throw repeated(name);
    this.#names.add(name);
    refuseRepeated(name, header);
    requireOnce(disposition, `the Content-Disposition of the part ${name}`, name);
    refuseCoded(name, header);
    const content = mediaTypeOf(header['content-type']?.[0] ?? '');
    if (!isPicture(content.type)) requireOnce(content, `the Content-Type of the part ${name}`, name);
    const isFile = parameters.has('filename') || parameters.has('filename*') || isPicture(content.type);
    this.#files += isFile ? 1 : 0;
    const { formFiles, formFields, fieldBytes, picture } = this.#limits;
    if (this.#files > formFiles || this.#names.size - this.#files > formFields) throw tooMany();
    const most = isFile ? picture.maxBytes : fieldBytes;
    return { name, isFile, type: content.type || 'text/plain', charset: content.parameters.get('charset'), most };
  }
}

type PartHeader = Readonly<Record<string, readonly string[] | undefined>>;

/** The parser gives headers byte by byte. */
function utf8(header: string): string {
  return Buffer.from(header, 'latin1').toString('utf8');
}

/** Refuses a part that has one of the headers twice that are read here: programs differ in which of the two they believe. */
function refuseRepeated(name: string, header: PartHeader): void {
  const fields = ['content-disposition', 'content-type', 'content-transfer-encoding', 'content-encoding'];
  const repeated = fields.find((field) => (header[field]?.length ?? 0) > 1);
  if (repeated === undefined) return;
  const detail = `Expected the header ${repeated} of the part ${name} once but received it twice.`;
  throw new ArmatureError('invalid_request', detail, { field: name });
}

/** Refuses a part that says that its bytes stand for others: they would be taken as they are. */
function refuseCoded(name: string, header: PartHeader): void {
  for (const field of ['content-transfer-encoding', 'content-encoding']) {
    const coding = (header[field]?.[0] ?? '').trim();
    if (coding === '' || /^(?:7bit|8bit|binary|identity)$/i.test(coding)) continue;
    const detail = `Expected the part ${name} as it is but its ${field} is ${shown(coding)}: send it as it is, without that header.`;
    throw new ArmatureError('unsupported_media_type', detail, { field: name });
  }
}

export function isPicture(type: string): boolean {
  return type === 'application/octet-stream' || type.startsWith('image/');
}

function tooMany(): ArmatureError {
  const detail = 'The body, one of its parts or their number is over the limit: docs/api.md lists the limits.';
  return new ArmatureError('payload_too_large', detail);
}

function tooLong({ name, isFile, most }: Begun): never {
  if (isFile) throw tooMany();
  const detail = `Expected the part ${name} to be at most ${most} bytes: send a picture as a file part.`;
  throw new ArmatureError('payload_too_large', detail, { field: name });
}

function repeated(name: string): ArmatureError {
  return new ArmatureError('invalid_request', `Expected each part of the form once but received ${name} twice.`, {
    field: name,
  });
}
