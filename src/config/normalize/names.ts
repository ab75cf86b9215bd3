/** Name of a scheduler, as far as ipvsadm and the kernel take it: 15 printable characters, no blanks. */
export const SCHEDULER_NAME = /^[!-~]{1,15}$/;
/** uapi: IP_VS_PENAME_MAXLEN. */
export const ENGINE_NAME = /^[!-~]{1,16}$/;

/** A name that a network interface can have (kernel: dev_valid_name; uapi: IFNAMSIZ counts bytes, and the NUL). */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/u.test(name) && name !== '.' && name !== '..' && utf8Length(name) <= 15;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
