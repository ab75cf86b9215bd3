import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Caller } from '../../src/recovery/caller.ts';
import type { RecordClock } from '../../src/recovery/clock.ts';
import type { State, TableLife } from '../../src/recovery/state.ts';

/**
 * A clock that moves when code sleeps or the test moves it. The test can move the wall clock alone.
 */
export class ManualClock implements RecordClock {
  seconds = 5000;
  /** Noon where the tests run, so that every run prints the same times. */
  wall = new Date(2026, 4, 4, 12).getTime();

  monotonicSeconds(): number {
    return this.seconds;
  }

  now(): Date {
    return new Date(this.wall);
  }

  async sleep(milliseconds: number): Promise<void> {
    this.pass(milliseconds / 1000);
    await new Promise((resolve) => setImmediate(resolve));
  }

  pass(seconds: number): void {
    this.seconds += seconds;
    this.wall += seconds * 1000;
  }
}

export interface TemporaryState extends State {
  readonly clock: ManualClock;
  readonly runtime: string;
}

const LIFE: TableLife = { boot: 'e0b7d6a2-0000-4000-8000-000000000001', netns: '4026531840' };

/** A person who works as root. */
const CALLER: Caller = {
  uid: 0,
  user: 'root',
  sudo_user: 'alice',
  command: ['ipvstate', 'apply', '-f', 'ipvs.yaml'],
};

/** Records in a folder that is removed after the test, and a lock that no other test can hold. */
export function temporaryState(life: TableLife = LIFE): TemporaryState {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const folders = { runtime: join(folder, 'run', 'host'), state: join(folder, 'lib', 'host') };
  return {
    folders,
    life,
    caller: CALLER,
    clock: new ManualClock(),
    lockPath: join(folders.runtime, 'lock'),
    runtime: folders.runtime,
  };
}

/** The same folders after a reboot. */
export function afterReboot(state: TemporaryState): TemporaryState {
  return {
    ...state,
    life: { ...state.life, boot: 'e0b7d6a2-0000-4000-8000-000000000002' },
    clock: new ManualClock(),
  };
}
