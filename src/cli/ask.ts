import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

/** Asks on a terminal. Empty when the person went away: an interrupt, or the end of the input. */
export async function ask(question: string, input: Readable, output: Writable): Promise<string> {
  const terminal = createInterface({ input, output });
  const cancelled = new AbortController();
  terminal.on('SIGINT', () => cancelled.abort());
  terminal.on('close', () => cancelled.abort());
  try {
    return await terminal.question(question, { signal: cancelled.signal });
  } catch {
    return '';
  } finally {
    terminal.close();
  }
}
