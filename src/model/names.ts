import { ENGINE_NAME_LENGTH, SCHEDULER_NAME_LENGTH } from './service.ts';
import { INTERFACE_NAME_LENGTH } from './settings.ts';

/* Names that the kernel keeps in fields of a fixed number of bytes. */

/**
 * Cuts a text as a C program copies it into a field: up to the first NUL, and to at most so many
 * bytes of UTF-8. A character that does not fit is left out whole.
 */
export function cutToBytes(text: string, bytes: number): string {
  let length = 0;
  let cut = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (code === 0 || length > bytes) return cut;
    cut += character;
  }
  return cut;
}

/**
 * Tells whether a scheduler can have the name, as far as ipvsadm writes it: printable ASCII without
 * blanks (kernel: ip_vs_sched.c ip_vs_scheduler_get).
 */
export function isSchedulerName(name: string): boolean {
  return isPrintable(name, SCHEDULER_NAME_LENGTH);
}

/**
 * Tells whether a persistence engine can have the name, as far as ipvsadm writes it (kernel:
 * ip_vs_pe.c ip_vs_pe_getbyname).
 */
export function isEngineName(name: string): boolean {
  return isPrintable(name, ENGINE_NAME_LENGTH);
}

/**
 * Tells whether a network interface can have the name (kernel: net/core/dev.c dev_valid_name; a C
 * string ends at a NUL).
 */
export function isInterfaceName(name: string): boolean {
  return (
    /^[^\s/:]+$/u.test(name) &&
    name !== '.' &&
    name !== '..' &&
    cutToBytes(name, INTERFACE_NAME_LENGTH) === name
  );
}

function isPrintable(name: string, longest: number): boolean {
  return /^[!-~]+$/.test(name) && name.length <= longest;
}
