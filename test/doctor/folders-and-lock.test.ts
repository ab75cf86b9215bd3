import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Pause } from '../../src/model/pause.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import { openPauseStore } from '../../src/recovery/records/pause.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { diagnose, of } from './diagnose.ts';
import { program, type SpecialEntry, type Tree } from './machine.ts';

type Kind = 'runtime' | 'state';

/** Diagnoses a machine with something special about the runtime folder or the state folder. */
async function withFolder(kind: Kind, entry: SpecialEntry, uid = 0) {
  const state = temporaryState();
  const path = state.folders[kind];
  const [finding, ...rest] = of(
    `${kind} folder`,
    await diagnose({ [path]: entry }, { state, uid }),
  );
  expect(rest).toEqual([]);
  return { finding, path };
}

describe.each(['runtime', 'state'] as const)('the %s folder', (kind) => {
  const worse = kind === 'runtime' ? 'failure' : 'warning';

  it('is well when it can be written, and when it can be made', async () => {
    const { finding, path } = await withFolder(kind, { isFolder: true, mode: 0o700 });
    expect(finding).toMatchObject({ level: 'ok', seen: `${path} can be written` });
    const absent = await diagnose({});
    expect(of(`${kind} folder`, absent)).toMatchObject([{ level: 'ok' }]);
  });

  it('has to be a folder', async () => {
    const { finding, path } = await withFolder(kind, { text: '' });
    expect(finding).toMatchObject({ level: worse, seen: `${path} is not a folder` });
  });

  it('has to be writable', async () => {
    const { finding, path } = await withFolder(kind, { isFolder: true, writeError: 'EROFS' });
    expect(finding).toMatchObject({ level: worse, seen: `${path} may not be written (EROFS)` });
    expect(finding?.advice).toMatch(/IPVSTATE_(RUNTIME|STATE)_DIR/);
  });

  it('is not known to another user than root', async () => {
    const { finding } = await withFolder(kind, { isFolder: true, writeError: 'EACCES' }, 1000);
    expect(finding).toMatchObject({ level: 'unknown', commands: ['sudo ipvstate doctor'] });
    const hidden = await withFolder(kind, { error: 'EACCES' }, 1000);
    expect(hidden.finding).toMatchObject({ level: 'unknown' });
  });

  it('has to belong to this user or to root, and to be closed to others', async () => {
    const foreign = await withFolder(kind, { isFolder: true, uid: 33 });
    expect(foreign.finding).toMatchObject({
      level: 'warning',
      seen: `${foreign.path} belongs to user 33`,
      commands: [`chown 0 ${foreign.path}`],
    });
    const open = await withFolder(kind, { isFolder: true, mode: 0o777 });
    expect(open.finding).toMatchObject({
      level: 'warning',
      commands: [`chmod 0700 ${open.path}`],
    });
  });

  it('has to have room', async () => {
    const full = await withFolder(kind, { isFolder: true, freeBytes: 2048 });
    expect(full.finding).toMatchObject({
      level: 'warning',
      seen: `the disk of ${full.path} has 2 KiB left`,
    });
    const { finding } = await withFolder(kind, { isFolder: true, freeFiles: 0 });
    expect(finding?.seen).toContain('has no room for another file');
  });
});

const DAEMON = '{"pid":77,"started":"2026-11-30T08:00:00.000Z","command":"ipvstate watch"}\n';
const APPLY = DAEMON.replace('watch', 'apply');

/** Diagnoses a machine with a lock file. `isHeld`: the kernel's list of locks has it. */
async function withLock(text: string, isHeld: boolean, more: Tree = {}, state = temporaryState()) {
  const inode = state.lockPath.length;
  const locks = `1: FLOCK  ADVISORY  WRITE 76 00:18:${isHeld ? inode : 1} 0 EOF\n`;
  const tree = { [state.lockPath]: text, '/proc/locks': locks, ...more };
  return diagnose(tree, { state });
}

const WATCH = program(77, 'node', { commandLine: 'node\0/usr/bin/ipvstate\0watch\0' });

describe('the lock', () => {
  it('is well when no command holds it, and when a killed one left its name', async () => {
    for (const diagnosed of [await diagnose(), await withLock(APPLY, false)])
      expect(of('lock', diagnosed)).toMatchObject([{ level: 'ok', seen: 'no command holds it' }]);
  });

  it('is well when the daemon holds it, which then is no other writer', async () => {
    const diagnosed = await withLock(DAEMON, true, WATCH);
    const seen = 'it is held by ipvstate watch (pid 77) since 2026-11-30T08:00:00.000Z';
    expect(of('lock', diagnosed)).toMatchObject([{ level: 'ok', seen }]);
    expect(of('other writers', diagnosed)).toMatchObject([{ level: 'ok' }]);
    expect(of('daemon', diagnosed)).toMatchObject([{ level: 'ok' }]);
  });

  it('is remarked when another command holds it, known by name or not', async () => {
    const known = of('lock', await withLock(APPLY, true));
    expect(known).toMatchObject([{ level: 'remark' }]);
    expect(known[0]?.seen).toContain('ipvstate apply (pid 77)');
    const [unnamed] = of('lock', await withLock('', true));
    expect(unnamed?.seen).toBe('it is held by a process that has not said yet who it is');
  });

  it.each(['{"pid":"x"}', 'null', '[]', `{"pid":1,"started":"x","command":"\\u001b[2J"}`])(
    'is held by an unknown process when its file has %s',
    async (text) => {
      const [finding] = of('lock', await withLock(text, true));
      expect(finding?.seen).toContain('has not said yet who it is');
    },
  );

  it('leaves it open which daemon holds it while it names none, as on a full disk', async () => {
    const diagnosed = await withLock('', true, WATCH);
    expect(of('other writers', diagnosed)).toMatchObject([
      {
        level: 'unknown',
        seen: 'whether ipvstate watch (pid 77) holds the lock: the lock does not name its holder',
      },
    ]);
  });

  it('is not known while the process that wrote itself down runs without a visible lock', async () => {
    expect(of('lock', await withLock(APPLY, false, program(77, 'node')))).toMatchObject([
      { level: 'unknown' },
    ]);
  });

  it('is not known in a container, which does not see all locks', async () => {
    const container = { '/proc/self/ns/pid': { link: 'pid:[4026532999]' } };
    expect(of('lock', await withLock(DAEMON, false, container))).toMatchObject([
      { level: 'unknown' },
    ]);
  });
});

describe('a paused daemon, which gives its lock away', () => {
  const pause: Pause = {
    ...{ services: undefined, who: 'alice', reason: undefined },
    ...{ sinceSeconds: 5000, untilSeconds: 5060 },
  };
  const paused = async (stored: Partial<Pause>, passedSeconds = 0) => {
    const state = temporaryState();
    await openPauseStore(state, expect.unreachable).write({ ...pause, ...stored });
    state.clock.pass(passedSeconds);
    return of('other writers', await withLock(DAEMON, false, WATCH, state));
  };

  it('is no second daemon to stop: the operator reads who paused it, and how that ends', async () => {
    const [finding, ...rest] = await paused({});
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({
      level: 'remark',
      seen: 'alice paused ipvstate watch (pid 77)',
      commands: ['ipvstate resume'],
    });
    expect(finding?.why).toContain('writes nothing to the table');
    const [partly] = await paused({ services: ['fwmark:7' as ServiceKey] });
    expect(partly?.why).toContain('leaves fwmark:7 alone');
  });

  it('is expected to hold its lock again after the pause', async () => {
    expect(await paused({}, 60)).toMatchObject([
      { level: 'warning', advice: 'Stop one of the two: kill 77' },
    ]);
  });

  it('is not told from a second daemon while its pause cannot be read', async () => {
    const state = temporaryState();
    mkdirSync(join(state.runtime, 'pause.json'), { recursive: true });
    const findings = of('other writers', await withLock(DAEMON, false, WATCH, state));
    expect(findings).toMatchObject([{ level: 'unknown' }]);
  });
});

describe('a process in another network namespace', () => {
  it('is no other writer', async () => {
    const elsewhere = 'net:[4026539999]';
    const diagnosed = await diagnose({
      ...program(88, 'keepalived', { netns: elsewhere }),
      ...program(77, 'node', {
        commandLine: 'node\0/usr/bin/ipvstate\0watch\0',
        netns: elsewhere,
      }),
    });
    expect(of('other writers', diagnosed)).toMatchObject([{ level: 'ok' }]);
    expect(of('daemon', diagnosed)).toEqual([]);
  });
});
