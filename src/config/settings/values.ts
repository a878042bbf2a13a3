import { resolve } from 'node:path';
import { isSigningSecret, signingSecretForm } from '../../generation/request/signing-secret.ts';

/** What a value should have been, as the object of "Expected ... for --flag", and what it was. */
export class Mismatch extends Error {
  readonly received: string;

  constructor(expected: string, received: string) {
    super(expected);
    this.received = received;
  }
}

/** How a setting reads the values it was given; one that is not repeatable takes the last. */
export type Parse<Value> = (values: readonly string[]) => Value;

export function one<Value>(parse: (value: string) => Value): Parse<Value> {
  return (values) => parse(values.at(-1) ?? '');
}

export function many<Value>(parse: (value: string) => Value): Parse<readonly Value[]> {
  return (values) => values.map(parse);
}

export function text(value: string): string {
  if (value.trim() === '') throw new Mismatch('a name', value);
  return value.trim();
}

/** A host name, or an address: an IPv6 one also in the brackets of a URL and however long, as it is shortest. */
export function host(value: string): string {
  const name = text(value);
  const inside = /^\[(.*)\]$/.exec(name)?.[1];
  const address = inside ?? name;
  const asUrl = `http://[${address}]`;
  if (address.includes(':') && URL.canParse(asUrl)) return new URL(asUrl).hostname.slice(1, -1);
  if (inside !== undefined || /[\s/[\]]/.test(name)) throw new Mismatch('a host name or an address such as ::1', value);
  return name;
}

/** What nobody may guess: it is not repeated in the error. */
export function secret(value: string): string {
  const trimmed = value.trim();
  if (!/^[!-~]{32,}$/.test(trimmed)) throw new Mismatch('at least 32 letters, digits or signs without spaces', '...');
  return trimmed;
}

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const networks = [
  new RegExp(`^${octet}(\\.${octet}){3}(/(3[0-2]|[12]?\\d))?$`),
  /^(?=.*:)[0-9a-f:]{2,39}(\/(12[0-8]|1[01]\d|[1-9]?\d))?$/i,
];

/** An IP address, or a network in CIDR notation. */
export function network(value: string): string {
  const trimmed = value.trim();
  if (networks.some((pattern) => pattern.test(trimmed))) return trimmed;
  throw new Mismatch('an address such as 10.0.0.5 or 10.0.0.0/8', value);
}

/** A signing secret of Standard Webhooks; not repeated in the error either. */
export function signingSecret(value: string): string {
  const trimmed = value.trim();
  if (!isSigningSecret(trimmed)) throw new Mismatch(signingSecretForm, '...');
  return trimmed;
}

export function path(value: string): string {
  if (value.trim() === '') throw new Mismatch('a folder', value);
  return resolve(value);
}

/** Segments of an object key; a slash at either end is left out. */
export function keyPrefix(value: string): string {
  const prefix = value.trim().replaceAll(/^\/+|\/+$/g, '');
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(prefix)) throw new Mismatch('letters, digits, "_", ".", "-" and "/"', value);
  return prefix;
}

export function integer(value: string, least: number, most: number): number {
  const number = /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) throw new Mismatch(`a whole number from ${least} to ${most}`, value);
  return number;
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 };

export function byteSize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?b?)$/i.exec(value.trim());
  const letters = (match?.[2] ?? '').toLowerCase();
  const unit = units[letters] ?? units[`${letters}b`];
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN));
  if (!(bytes >= 2 ** 20)) throw new Mismatch('a size of at least 1MB, such as 512MB or 6GB,', value);
  return bytes;
}

export function url(value: string, protocols: readonly string[]): string {
  const choices = protocols.map((protocol) => `${protocol}//`).join(' or ');
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
    throw new Mismatch(`a URL that starts with ${choices}`, value);
  }
  return value;
}

/** A URL that may hold a password: nothing of it is repeated in the error. */
export function urlOfServer(value: string, protocols: readonly string[]): string {
  try {
    return url(value, protocols);
  } catch (error) {
    throw error instanceof Mismatch ? new Mismatch(error.message, '...') : error;
  }
}

export function origin(value: string): string {
  const trimmed = value.trim();
  if (trimmed === '*') return trimmed;
  if (!URL.canParse(trimmed) || new URL(trimmed).origin !== trimmed) {
    throw new Mismatch('an origin such as https://app.example.com, or *,', value);
  }
  return trimmed;
}

export function oneOf<const Choice extends string>(value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value.trim().toLowerCase());
  if (found === undefined) throw new Mismatch(`one of ${choices.join(', ')}`, value);
  return found;
}

export function flagValue(value: string): boolean {
  const word = value.trim().toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  if (['0', 'false', 'no', 'off'].includes(word)) return false;
  throw new Mismatch('on or off', value);
}
