import type { Issue } from '../model/issue.ts';

/** Bytes as text, its byte order mark included, or the issue that says where they are none. */
export function decodeText(bytes: Buffer, file: string): string | Issue {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return notText(file, bytes);
  }
}

function notText(file: string, bytes: Buffer): Issue {
  const valid = decodableLength(bytes);
  const before = bytes.subarray(0, valid).toString('utf8');
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const found = `byte 0x${(bytes[valid] ?? 0).toString(16).padStart(2, '0')}`;
  return { code: 'NOT_TEXT', severity: 'error', message: `not UTF-8 text: found ${found}`, position: { file, line, column } };
}

/** Length of the longest valid beginning, by bisection on complete decodes. */
function decodableLength(bytes: Buffer): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low;
}
