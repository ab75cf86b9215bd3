/**
 * A decimal number as C's `strtol` reads it: leading white space and one sign are fine, anything after the digits is not.
 * Undefined for anything else and for a value outside min..max. `-0` is 0.
 */
export function parseNumber(text: string, min: number, max: number): number | undefined {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value || 0 : undefined;
}
