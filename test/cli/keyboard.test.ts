import { EventEmitter } from 'node:events';
import type { ReadStream } from 'node:tty';
import { expect, it } from 'vitest';
import { openKeyboard } from '../../src/cli/keyboard.ts';

class FakeTerminal extends EventEmitter {
  isRaw = false;
  isPaused = false;

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    return this;
  }

  setEncoding(): this {
    return this;
  }

  pause(): this {
    this.isPaused = true;
    return this;
  }
}

const HOUR = 3_600_000;

function open(): { terminal: FakeTerminal; keyboard: ReturnType<typeof openKeyboard> } {
  const terminal = new FakeTerminal();
  return { terminal, keyboard: openKeyboard(terminal as unknown as ReadStream) };
}

it('keys that arrive at once are given one at a time', async () => {
  const { terminal, keyboard } = open();
  const { signal } = new AbortController();
  terminal.emit('data', 'cq');
  expect(await keyboard.next(HOUR, signal)).toBe('c');
  expect(await keyboard.next(HOUR, signal)).toBe('q');
});

it('a key ends the wait for it', async () => {
  const { terminal, keyboard } = open();
  const next = keyboard.next(HOUR, new AbortController().signal);
  terminal.emit('data', 'b');
  expect(await next).toBe('b');
});

it('without a key, a wait ends when its time is over, and when the signal aborts', async () => {
  const { keyboard } = open();
  const controller = new AbortController();
  expect(await keyboard.next(1, controller.signal)).toBeUndefined();
  const next = keyboard.next(HOUR, controller.signal);
  controller.abort();
  expect(await next).toBeUndefined();
  expect(await keyboard.next(HOUR, controller.signal)).toBeUndefined();
});

it('the terminal is raw until the keyboard is closed, and hears no more keys then', () => {
  const { terminal, keyboard } = open();
  expect(terminal.isRaw).toBe(true);
  keyboard.close();
  expect(terminal).toMatchObject({ isRaw: false, isPaused: true });
  expect(terminal.listenerCount('data')).toBe(0);
});
