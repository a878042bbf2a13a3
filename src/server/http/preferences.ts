import { ArmatureError } from '../../errors.ts';
import { type OutputFormat, outputFormats } from '../../generation/request/choices.ts';

/** How a client wants a submission to be answered. */
export interface Preferences {
  /** Seconds to wait for the end of the job; 0 answers at once. */
  readonly wait: number;
  /** `picture` answers with the first output itself, in `format` where the client asked for one. */
  readonly answer: 'json' | 'picture';
  readonly format: OutputFormat | null;
}

/**
 * Reads the Prefer header (RFC 7240; `wait` is cut to `longest` seconds) and the Accept header. `not_acceptable` where
 * nothing that is accepted can be given, or a picture is wanted without waiting for it.
 */
export function readPreferences(prefer: string | undefined, accept: string | undefined, longest: number): Preferences {
  const wait = Math.min(readWait(prefer), longest);
  const wanted = mediaRanges(accept);
  const best = wanted.find(({ type }) => isJson(type) || pictureFormat(type) !== undefined);
  if (best === undefined) {
    throw new ArmatureError('not_acceptable', 'Expected Accept to allow application/json or a picture.', {
      field: 'Accept',
      choices: ['application/json', ...outputFormats.map((format) => `image/${format}`)],
    });
  }
  if (isJson(best.type)) return { wait, answer: 'json', format: null };
  if (wait > 0) return { wait, answer: 'picture', format: pictureFormat(best.type) ?? null };
  if (wanted.some(({ type }) => isJson(type))) return { wait, answer: 'json', format: null };
  throw new ArmatureError(
    'not_acceptable',
    `A picture can be the answer only to a request that waits for it: add "Prefer: wait=${longest}", or accept application/json.`,
    { field: 'Accept' },
  );
}

/** What Accept allows, the preferred first. */
export function acceptedTypes(accept: string | undefined): readonly string[] {
  return mediaRanges(accept).map(({ type }) => type);
}

/** The picture format that Accept prefers, png where it allows any; `not_acceptable` where it allows none. */
export function acceptedPicture(accept: string | undefined): OutputFormat {
  const formats = acceptedTypes(accept).map((type) => (type === '*/*' ? null : pictureFormat(type)));
  const best = formats.find((format) => format !== undefined);
  if (best !== undefined) return best ?? 'png';
  const choices = outputFormats.map((format) => `image/${format}`);
  throw new ArmatureError('not_acceptable', 'Expected Accept to allow a picture.', { field: 'Accept', choices });
}

function readWait(prefer: string | undefined): number {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(prefer ?? '');
  return match === null ? 0 : Number(match[1]);
}

/** Accepted media ranges, the preferred first (RFC 9110, section 12.5.1); those with q=0 are left out. */
function mediaRanges(accept = '*/*'): readonly { readonly type: string; readonly q: number }[] {
  return accept
    .split(',')
    .map((entry) => {
      const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      return { type, q: q === undefined ? 1 : Number(q.slice(2)) };
    })
    .filter(({ q }) => q > 0)
    .toSorted((a, b) => b.q - a.q);
}

function isJson(type: string): boolean {
  return type === '*/*' || type === 'application/*' || type === 'application/json' || type === '';
}

/** The output format of a media range; null for any picture, undefined for what is no picture we make. */
function pictureFormat(type: string): OutputFormat | null | undefined {
  if (type === 'image/*') return null;
  return outputFormats.find((format) => type === `image/${format}`);
}
