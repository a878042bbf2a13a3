/** One page of a list that was asked for one row more than it may have: the one over tells that there is another page. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Id of the last row, where others follow. */
  readonly nextCursor: string | null;
}

export function pageOf<Row extends { readonly id: string }>(found: readonly Row[], limit: number): Page<Row> {
  const rows = found.slice(0, limit);
  return { rows, nextCursor: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}
