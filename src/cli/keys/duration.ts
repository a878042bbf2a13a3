import { ArmatureError } from '../../errors.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a length of time such as 90d, 12h, 30m or 45s. */
export function durationSeconds(text: string, flag: string): number {
  const [, count, unit = ''] = /^(\d{1,9})\s*([smhd])$/i.exec(text.trim()) ?? [];
  const seconds = Number(count) * (units[unit.toLowerCase()] ?? Number.NaN);
  if (!Number.isNaN(seconds)) return seconds;
  const detail = `Expected a length of time such as 90d, 12h, 30m or 45s for ${flag} but received ${JSON.stringify(text)}.`;
  throw new ArmatureError('invalid_request', detail);
}
