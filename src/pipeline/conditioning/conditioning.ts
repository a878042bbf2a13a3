import { elementCount, stack, type Tensor } from '../../numeric/tensor.ts';

/**
 * What a network is told beside the sample and the timestep, as named tensors. Of one row each is without the axis of rows, such
 * as `context` [tokens, width]; of a batch with it, [rows, tokens, width]. Families and adapters differ in the names that they
 * have.
 */
export type Conditioning = Readonly<Record<string, Tensor>>;

/** The conditionings of rows, stacked by name. A row that lacks a name that others have gets zeros there, which say nothing. */
export function stackConditionings(rows: readonly Conditioning[]): Conditioning {
  return Object.fromEntries(
    [...shapesOf(rows)].map(([name, dims]) => {
      const nothing = new Float32Array(elementCount(dims));
      return [
        name,
        stack(
          rows.map((row) => row[name]?.data ?? nothing),
          dims,
        ),
      ];
    }),
  );
}

/**
 * Names and shapes in the conditionings of a sample's rows as text: samples can share a batch where it is equal. The number of
 * tokens is in it, because attention takes no length of its own for each row.
 */
export function structureOf(rows: readonly { readonly conditioning: Conditioning }[]): string {
  return [...shapesOf(rows.map(({ conditioning }) => conditioning))]
    .map(([name, dims]) => `${name} ${dims.join('x')}`)
    .join(', ');
}

function shapesOf(rows: readonly Conditioning[]): ReadonlyMap<string, readonly number[]> {
  return new Map(rows.flatMap((row) => Object.entries(row).map(([name, { dims }]) => [name, dims])));
}
