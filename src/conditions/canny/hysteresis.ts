/**
 * Turns every candidate (1) that touches an edge (2), directly or over other candidates, into an edge. The picture has
 * one pixel of border on each side that is neither. `pending` holds the positions of all edges and is emptied.
 */
export function hysteresis(states: Uint8Array, stride: number, pending: number[]): void {
  const neighbours = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1];
  for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
    for (let n = 0; n < 8; n++) {
      const neighbour = position + neighbours[n]!;
      if (states[neighbour] !== 1) continue;
      states[neighbour] = 2;
      pending.push(neighbour);
    }
  }
}
