/**
 * Sorts lines. The order of ipvsadm is not ours, because it compares addresses by subtractions that
 * overflow.
 */
export function linesOf(save: string): string[] {
  return save
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();
}

/**
 * Our save text as the real `ipvsadm -S` prints the same table: without thresholds and the third
 * flag of sh and mh, and with signed marks.
 */
export function asIpvsadmSaves(save: string): string[] {
  return linesOf(
    save
      .replaceAll(/ -[xy] \d+/g, '')
      .replaceAll(/(?<= -f )\d+/g, (mark) => String(Number(mark) | 0))
      .replaceAll(/(?<= -s [sm]h .*-b .*),?flag-3$/gm, ''),
  );
}
