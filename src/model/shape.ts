/**
 * Tells whether a value that came from outside is a T: a record, a saved plan or an answer over a
 * socket can be of another version, damaged or edited. Members that a shape does not name are let
 * through, so that a later version can add some.
 */
export type Shape<T> = (value: unknown) => value is T;

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A text of at most so many characters. */
export function isTextUpTo(max: number): Shape<string> {
  return (value): value is string => isText(value) && value.length <= max;
}

export function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

/** Tells whether a value is a finite number. JSON has others: those that are too large. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Tells whether a value is a whole number from 0 on. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Tells whether a value is a time in ISO 8601. */
export function isTime(value: unknown): value is string {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number in a range. */
export function countUpTo(max: number): Shape<number> {
  return (value): value is number => isCount(value) && value <= max;
}

export function oneOf<const T>(values: readonly T[]): Shape<T> {
  return (value): value is T => values.includes(value as T);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value);
}

/** A member that may be absent. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || shape(value);
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(shape);
}

/** An object whose keys are data. */
export function mapOf<T>(shape: Shape<T>): Shape<{ readonly [key: string]: T }> {
  return (value): value is { readonly [key: string]: T } =>
    isObject(value) && Object.values(value).every(shape);
}

/** An object with these members. A member of T without a shape does not compile. */
export function objectOf<T extends object>(
  members: {
    readonly [Name in keyof T]-?: Shape<T[Name]>;
  },
): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(members);
  return (value): value is T =>
    isObject(value) &&
    shapes.every(([name, shape]) => shape(Object.hasOwn(value, name) ? value[name] : undefined));
}
