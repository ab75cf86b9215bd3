import { hasInvisible } from './printable.ts';
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
 * Tells whether a network interface can have the name (kernel: net/core/dev.c dev_valid_name). A C
 * string ends at a NUL, and to the kernel the byte 0xa0 is a blank in any character. A lone
 * surrogate has no UTF-8.
 */
export function isInterfaceName(name: string): boolean {
  if (name === '.' || name === '..' || /[\0\t-\r /:\p{Cs}]/u.test(name)) return false;
  const bytes = new TextEncoder().encode(name);
  return bytes.length > 0 && bytes.length <= INTERFACE_NAME_LENGTH && !bytes.includes(0xa0);
}

/** The longest name of a service, in characters. It is a label, and a metric for each name. */
export const SERVICE_NAME_LENGTH = 200;

/**
 * Tells whether a service can be labelled with the name in plans, metrics and messages: each
 * character is seen, and has UTF-8.
 */
export function isServiceName(name: string): boolean {
  const { length } = Array.from(name.slice(0, 2 * SERVICE_NAME_LENGTH + 1));
  return length > 0 && length <= SERVICE_NAME_LENGTH && !hasInvisible(name);
}

function isPrintable(name: string, longest: number): boolean {
  return /^[!-~]+$/.test(name) && name.length <= longest;
}
