/** Between which shares of the steps something acts. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** Whether it acts at `index` of `count`: off where index/count < start or (index + 1)/count > end (diffusers). */
export function actsAt(window: Window, index: number, count: number): boolean {
  return !(index / count < window.start || (index + 1) / count > window.end);
}

/** Whether it acts at any. */
export function actsAtAll(window: Window, count: number): boolean {
  return Array.from({ length: count }, (_, index) => actsAt(window, index, count)).includes(true);
}
