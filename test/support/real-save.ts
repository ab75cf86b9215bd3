/** Lines in an order of their own: ipvsadm compares addresses with overflowing subtractions, so its order is not ours. */
export function linesOf(save: string): string[] {
  return save
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();
}

/** Our save text as the real `ipvsadm -S` prints the same table: no thresholds, signed marks, and nothing for the third flag of sh and mh. */
export function asIpvsadmSaves(save: string): string[] {
  return linesOf(
    save
      .replaceAll(/ -[xy] \d+/g, '')
      .replaceAll(/(?<= -f )\d+/g, (mark) => String(Number(mark) | 0))
      .replaceAll(/(?<= -s [sm]h .*-b .*),?flag-3$/gm, ''),
  );
}
