/**
 * Resolves when the signal is aborted. Each call adds a listener, so call it once before a loop and
 * not in it.
 */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
