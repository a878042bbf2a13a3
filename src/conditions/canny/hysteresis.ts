import { candidate, edge } from './suppress.ts';

/**
 * Turns every candidate that touches an edge, directly or over other candidates, into an edge. The picture has one pixel
 * of border on each side that is neither. `pending` holds the positions of all edges and is emptied.
 */
export function hysteresis(states: Uint8Array, stride: number, pending: number[]): void {
  const neighbours = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1];
  for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
    for (let n = 0; n < 8; n++) {
      const neighbour = position + neighbours[n]!;
      if (states[neighbour] !== candidate) continue;
      states[neighbour] = edge;
      pending.push(neighbour);
    }
  }
}
