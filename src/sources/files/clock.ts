import type { Clock } from '../../model/clock.ts';

/** The clock of this machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** Varies a time by up to a tenth, so that many machines do not read one network share at once. */
export function jittered(milliseconds: number, random: () => number): number {
  return milliseconds * (0.9 + 0.2 * random());
}
