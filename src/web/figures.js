/**
 * A time in words: 0.4 s, 12 s, 3 min 5 s.
 *
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 0.01) return `${Math.round(milliseconds)} ms`;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return whole % 60 === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * A count of bytes: 812 B, 91 kB, 1.2 MB.
 *
 * @param {number} count
 */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${Math.round(count / 1000)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

/**
 * A figure of fidelity with as many digits as it is worth.
 *
 * @param {number} value
 */
export function figure(value) {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 3 : 1);
}

/**
 * A name of the API in words: `rank_correlation`, rank correlation.
 *
 * @param {string} name
 */
export function words(name) {
  return name.replaceAll('_', ' ');
}

/** @param {boolean} value */
export function yesNo(value) {
  return value ? 'yes' : 'no';
}

/**
 * What the figures of fidelity are.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const metricNames = {
  f1: 'F1 of edges at 2 px',
  rank_correlation: 'rank correlation',
  within_22_5: 'share within 22.5°',
  mean_iou: 'mean IoU',
  oks: 'keypoint similarity (OKS)',
  ssim: 'structural similarity (SSIM)',
};

/**
 * A further figure in words: `within_11_25`, within 11.25°.
 *
 * @param {string} name
 */
export function detailName(name) {
  if (name === 'pck' || name === 'rmse' || name === 'ssim') return name.toUpperCase();
  const [, degrees] = /^within_(\d+(?:_\d+)?)$/.exec(name) ?? [];
  return degrees === undefined ? words(name) : `within ${degrees.replace('_', '.')}°`;
}
