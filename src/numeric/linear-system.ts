/**
 * Solves `matrix * x = vector` for a small, well-conditioned square matrix by Gaussian elimination with row exchange.
 * Neither argument is written to.
 */
export function solveLinearSystem(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, vector[i] ?? 0]);
  for (let column = 0; column < rows.length; column++) {
    const pivot = takePivot(rows, column);
    for (const row of rows.slice(column + 1)) subtractMultiple(row, pivot, column);
  }
  const solution: number[] = Array.from({ length: rows.length }, () => 0);
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i] ?? [];
    const known = solution.reduce((sum, value, j) => sum + (j > i ? (row[j] ?? 0) * value : 0), 0);
    solution[i] = ((row[rows.length] ?? 0) - known) / (row[i] ?? 0);
  }
  return solution;
}

/** Brings the row with the largest entry of `column`, among those from there on, up to that place. */
function takePivot(rows: number[][], column: number): number[] {
  let best = column;
  for (let i = column + 1; i < rows.length; i++) {
    if (Math.abs(rows[i]?.[column] ?? 0) > Math.abs(rows[best]?.[column] ?? 0)) best = i;
  }
  const [pivot = []] = rows.splice(best, 1);
  rows.splice(column, 0, pivot);
  return pivot;
}

function subtractMultiple(row: number[], pivot: readonly number[], column: number): void {
  const factor = (row[column] ?? 0) / (pivot[column] ?? 0);
  for (let j = column; j < row.length; j++) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0);
}
