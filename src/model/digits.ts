const ZERO = 0x30;

/** The number at `[start, end)` of a text: nothing but digits; undefined when there are none, or more than a 32-bit number has. */
export function readDigits(text: string, start: number, end: number): number | undefined {
  if (end <= start || end - start > 10) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
