/** The text cut to so many bytes of UTF-8, as ipvsadm silently cuts names that do not fit the kernel's fields. */
export function cutToBytes(text: string, bytes: number): string {
  let length = 0;
  let cut = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (length > bytes) return cut;
    cut += character;
  }
  return cut;
}
