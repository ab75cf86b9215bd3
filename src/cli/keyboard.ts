import type { ReadStream } from 'node:tty';

/** The keys of a terminal, one at a time, without the Enter key. */
export interface Keyboard {
  /** Waits for a key. Resolves with undefined when the time is over, or the signal aborts. */
  next(milliseconds: number, signal: AbortSignal): Promise<string | undefined>;
  /** Gives the terminal back. */
  close(): void;
}

/** Takes the keys of a terminal. Until it is closed, ^C is a key like any other. */
export function openKeyboard(terminal: ReadStream): Keyboard {
  const pressed: string[] = [];
  let wake = (): void => {};
  const onKeys = (keys: string): void => {
    for (const key of keys) pressed.push(key);
    wake();
  };
  terminal.setRawMode(true).setEncoding('utf8').on('data', onKeys);
  return {
    next: async (milliseconds, signal) => {
      if (pressed.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
        });
        signal.removeEventListener('abort', wake);
      }
      return pressed.shift();
    },
    close: () => {
      terminal.off('data', onKeys).setRawMode(false).pause();
    },
  };
}
