/** Which keys a zod schema knows, for naming the nearest one. */
import { z } from 'zod';

/** The keys of the objects at `path` inside `schema`: through unions, lists, optionals and transforms. */
export function keysOf(schema: z.core.$ZodType, path: readonly PropertyKey[] = []): string[] {
  let level = objects(schema);
  for (const step of path) level = level.flatMap((one) => members(one, step)).flatMap(objects);
  return [...new Set(level.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))];
}

/** Objects, records and lists that a value of `schema` may be. */
function objects(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objects);
  if (schema instanceof z.ZodPipe) return objects(schema.in);
  if (schema instanceof z.ZodIntersection) return [...objects(schema.def.left), ...objects(schema.def.right)];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return objects(schema.def.innerType);
  return [schema];
}

function members(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const member: unknown = Object.hasOwn(schema.shape, step) ? schema.shape[String(step)] : undefined;
    return member instanceof z.ZodType ? [member] : [];
  }
  if (schema instanceof z.ZodArray) return [schema.element];
  return schema instanceof z.ZodRecord ? [schema.valueType] : [];
}
