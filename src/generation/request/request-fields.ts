import { z } from 'zod';
import { type FieldNames, isObject, refuseUnknownFields } from './field-names.ts';

/** What is known of an object of a request beside its schema. */
export interface FieldNotes {
  /** What other programs call such fields, in small letters, and how that goes on from "There is no field x: ". */
  readonly foreign?: ReadonlyMap<string, string>;
  /** Looks besides into what the schema's own errors must not repeat; throws. */
  readonly check?: (value: unknown, path: readonly PropertyKey[]) => void;
  /** Looks into all of it by itself, names too; throws. */
  readonly checkAll?: (value: unknown, path: readonly PropertyKey[]) => void;
}

/** A field of a request that is an option of the command line too. */
export interface FieldOption {
  /** As help shows it: `-n, --count <number>`. */
  readonly flag: string;
  readonly says: string;
}

/** Said of fields where their schemas are written, so that each field of a request is written once. */
export const fieldOptions = z.registry<FieldOption>();

/** Places in `kept`: a registry of zod knows schemas that were derived by describing one, and holds plain values only. */
const places = z.registry<{ readonly place: number }>();
const kept: FieldNotes[] = [];

/** The schema itself, of which this is known from now on, and of those that are derived from it by describing them. */
export function noted<Schema extends z.core.$ZodType>(schema: Schema, notes: FieldNotes): Schema {
  places.add(schema, { place: kept.push(notes) - 1 });
  return schema;
}

function notesOf(schema: z.core.$ZodType): FieldNotes {
  return kept[places.get(schema)?.place ?? -1] ?? {};
}

/**
 * Refuses every field of a request that its schema does not have, however deep: `invalid_request` with the nearest known name. Everything else that is wrong is left to the schema.
 */
export function refuseFields(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[] = []): void {
  if (value === undefined) return;
  const { element, notes, names, fields } = knownOf(schema);
  if (element !== null) {
    if (Array.isArray(value)) value.forEach((entry, index) => refuseFields(element, entry, [...path, index]));
    return;
  }
  if (notes.checkAll !== undefined) return notes.checkAll(value, path);
  if (fields.length > 0) refuseUnknownFields(value, names, path);
  notes.check?.(value, path);
  if (!isObject(value)) return;
  for (const [name, field] of fields) if (value[name] !== undefined) refuseFields(field, value[name], [...path, name]);
}

/** The names that an object may have, of whichever of the schema's choices. */
export function namesOf(schema: z.core.$ZodType): FieldNames {
  return knownOf(schema).names;
}

/** What is looked at of a schema. A request may ask for it a hundred thousand times, so it is found once. */
interface Known {
  /** Of an array: the schema of its entries. */
  readonly element: z.core.$ZodType | null;
  readonly notes: FieldNotes;
  readonly names: FieldNames;
  readonly fields: readonly (readonly [name: string, field: z.core.$ZodType])[];
}

const found = new WeakMap<z.core.$ZodType, Known>();

function knownOf(schema: z.core.$ZodType): Known {
  const before = found.get(schema);
  if (before !== undefined) return before;
  const inner = bare(schema);
  const notes = notesOf(inner);
  const { foreign } = notes;
  const fields = [...fieldsOf(objectsOf(inner))];
  const names = { known: fields.map(([name]) => name), ...(foreign === undefined ? {} : { foreign }) };
  const known = { element: inner instanceof z.ZodArray ? inner.element : null, notes, names, fields };
  found.set(schema, known);
  return known;
}

/** A schema without what is wrapped round it: whether it may be left out, and what it is then. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault;
  return isWrapped ? bare(schema.unwrap()) : schema;
}

function objectsOf(schema: z.core.$ZodType): readonly z.ZodObject[] {
  if (schema instanceof z.ZodObject) return [schema];
  return schema instanceof z.ZodUnion ? schema.options.flatMap((option) => objectsOf(bare(option))) : [];
}

/** Where several have a field, the first says what it is. */
function fieldsOf(members: readonly z.ZodObject[]): ReadonlyMap<string, z.core.$ZodType> {
  const fields = new Map<string, z.core.$ZodType>();
  for (const { shape } of members) {
    for (const [name, field] of Object.entries(shape)) if (!fields.has(name)) fields.set(name, field);
  }
  return fields;
}
