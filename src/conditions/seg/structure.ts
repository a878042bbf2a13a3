import type { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { structure } from '../contract/condition.ts';
import { parseUpToFault } from '../contract/first-fault.ts';
import { hasWrongCorner, layoutCanvas, layoutSchema, placeLayout } from './layout.ts';

/** Areas and their classes. */
export const layout = structure({
  kind: 'layout',
  schema: layoutSchema,
  name: 'LayoutImage',
  description: 'Of seg: areas and their classes',
  parse: parseLayout,
  canvas: layoutCanvas,
  place: placeLayout,
  load: async () => {
    const { renderLayout } = await import('./layout.ts');
    return ({ regions, background }, width, height) => renderLayout(width, height, regions, background);
  },
});

function parseLayout(json: unknown, field: string): z.output<typeof layoutSchema> {
  const result = parseUpToFault(layoutSchema, json, 'regions', hasWrongCorner);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [field, ...issue!.path.map(String)].join('.');
  throw new ArmatureError('invalid_request', `Expected ${path} to be a layout: ${issue!.message}.`, { field: path });
}
