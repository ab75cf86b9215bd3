import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { DaemonInProcess, DaemonProcess } from '../support/daemon.ts';
import { PROGRAM } from '../support/program.ts';
import { until } from '../support/until.ts';
import { removeIpvsModules } from './ipvs-modules.ts';
import { ipvsadm, output, shell } from './real-programs.ts';

const live = (): Promise<string> => ipvsadm('-Sn');

let folder: string;
let file: string;
let started: (DaemonInProcess | DaemonProcess)[];

beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-watch-'));
  file = join(folder, 'conf', 'ipvs.yaml');
  started = [];
  return async () => {
    for (const daemon of started) await daemon.stop();
    await ipvsadm('-C');
    rmSync(folder, { recursive: true, force: true });
  };
});

const FAST = ['--interval', '200ms', '--debounce', '60ms'] as const;

/**
 * Builds one service for each list of weights: `[[1, 2], [3]]` is 192.0.2.1 with two destinations,
 * and 192.0.2.2 with one.
 */
function configOf(services: readonly (readonly number[])[]): string {
  const list = services.map((weights, index) => {
    const destinations = weights
      .map((weight, at) => `{ address: 10.0.${index}.${at + 1}, weight: ${weight} }`)
      .join(', ');
    return `  - { address: "tcp://192.0.2.${index + 1}:80", destinations: [${destinations}] }\n`;
  });
  return `version: 1\ndefaults: { forward: masq }\nservices:${list.length === 0 ? ' []\n' : `\n${list.join('')}`}`;
}

const destination = (service: number, at: number, weight: number): string =>
  `-a -t 192.0.2.${service}:80 -r 10.0.${service - 1}.${at}:80 -m -w ${weight}`;

function write(text: string, path = file): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function folderOfNext(): string {
  return join(folder, `daemon-${started.length}`);
}

async function start(...args: readonly string[]): Promise<DaemonInProcess> {
  const words = args.length > 0 ? args : ['-f', file, ...FAST];
  const daemon = new DaemonInProcess(folderOfNext(), words, openKernel);
  started.push(daemon);
  return daemon.start();
}

async function startProcess(...args: readonly string[]): Promise<DaemonProcess> {
  const words = args.length > 0 ? args : ['-f', file, ...FAST];
  const daemon = new DaemonProcess(folderOfNext(), words, openKernel);
  started.push(daemon);
  return daemon.start();
}

function journalOf({ state }: DaemonInProcess | DaemonProcess): string {
  return readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8');
}

const holds = (line: string): Promise<void> =>
  until(`the kernel has ${line}`, async () => (await live()).includes(`${line}\n`));

describe('a change of the files', () => {
  it('is applied when a file is written in place or renamed, or the folder is replaced', async () => {
    write(configOf([[1, 1]]));
    await start();
    await holds(destination(1, 1, 1));
    writeFileSync(file, configOf([[2, 1]]));
    await holds(destination(1, 1, 2));
    write(configOf([[3, 1]]));
    await holds(destination(1, 1, 3));
    renameSync(dirname(file), join(folder, 'away'));
    write(configOf([[4, 1]]));
    await holds(destination(1, 1, 4));
  });

  it('is applied when the link of a release is switched, also to an older one', async () => {
    const current = join(folder, 'current');
    const release = (name: string): void => {
      rmSync(`${current}.tmp`, { force: true });
      symlinkSync(join('releases', name), `${current}.tmp`);
      renameSync(`${current}.tmp`, current);
    };
    for (const [name, weight] of [
      ['a', 5],
      ['b', 6],
    ] as const)
      write(configOf([[weight]]), join(folder, 'releases', name, 'ipvs.yaml'));
    release('a');
    await start('-f', join(current, 'ipvs.yaml'), ...FAST);
    await holds(destination(1, 1, 5));
    release('b');
    await holds(destination(1, 1, 6));
    release('a');
    await holds(destination(1, 1, 5));
  });

  it('is applied when the kubelet updates a ConfigMap through its ..data link', async () => {
    const mount = join(folder, 'mount');
    const update = (name: string, weight: number): void => {
      write(configOf([[weight]]), join(mount, name, 'shop.yaml'));
      symlinkSync(name, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    update('..2026_01', 1);
    symlinkSync(join('..data', 'shop.yaml'), join(mount, 'shop.yaml'));
    await start('-f', mount, ...FAST);
    await holds(destination(1, 1, 1));
    update('..2026_02', 2);
    rmSync(join(mount, '..2026_01'), { recursive: true });
    await holds(destination(1, 1, 2));
  });
});

describe('an invalid configuration', () => {
  it('keeps the last valid one in force until the files are valid again', async () => {
    write(configOf([[1, 1]]));
    const daemon = await start();
    const before = await live();
    for (const bad of [
      '',
      'version: 1\n',
      configOf([[1, 1]]).replace('weight', 'wieght'),
      'version: 1\nservices: [',
    ]) {
      write(bad);
      await until('the daemon notices', async () => !(await daemon.status()).config.valid);
      expect(await live()).toBe(before);
      expect((await daemon.get('/readyz')).status).toBe(503);
      expect((await daemon.get('/healthz')).status).toBe(200);
      write(configOf([[1, 1]]));
      await until('the daemon forgives', async () => (await daemon.status()).config.valid);
    }
    rmSync(file);
    await until(
      'the daemon misses it',
      async () => (await daemon.status()).config.error?.code === 'NO_INPUT',
    );
    expect(await live()).toBe(before);
    expect(daemon.events('config-invalid').length).toBeGreaterThan(4);
    expect(daemon.events('config-invalid').some(({ msg }) => msg.includes('ipvs.yaml:4:'))).toBe(
      true,
    );
    expect((await daemon.get('/metrics')).body).toContain('ipvstate_config_valid 0\n');
  });

  it('that is valid only because it is cut off deletes nothing when the rest follows', async () => {
    const whole = configOf([[1, 1], [1], [1]]);
    write(whole);
    // The daemon is another process, and may read between the two writes.
    const daemon = await startProcess('-f', file, '--interval', '200ms', '--debounce', '400ms');
    const journal = (): string => journalOf(daemon);
    const half = whole.split('\n').slice(0, 5).join('\n');
    for (let round = 0; round < 5; round++) {
      writeFileSync(file, `${half}\n`);
      writeFileSync(file, whole.replace('weight: 1', `weight: ${round + 2}`));
      await holds(destination(1, 1, round + 2));
    }
    expect(journal()).not.toContain('delete-');
  });
});

describe('a guard', () => {
  it('stops a plan, and only the plan that was shown can be approved', async () => {
    write(configOf([[1], [1], [1], [1]]));
    const daemon = await start();
    const before = await live();
    write(configOf([[7]]));
    await until('the plan is held back', async () => (await daemon.status()).waiting !== null);
    const { waiting } = await daemon.status();
    expect(waiting?.refusals).toMatchObject([{ guard: 'max_service_deletes' }]);
    expect(await live()).toBe(before);
    expect((await daemon.get('/metrics')).body).toContain('ipvstate_refused 1\n');
    expect((await daemon.run('status')).stdout).toContain(`ipvstate approve ${waiting?.plan}`);

    expect(await daemon.run('approve', '000000000000')).toMatchObject({ status: 4 });
    write(configOf([[8]]));
    await until('another plan is held back', async () => {
      const now = (await daemon.status()).waiting;
      return now !== null && now.plan !== waiting?.plan;
    });
    expect(await daemon.run('approve', waiting?.plan ?? '')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('not the plan'),
    });
    expect(await live()).toBe(before);

    expect(await daemon.run('approve', (await daemon.status()).waiting?.plan ?? '')).toMatchObject({
      status: 0,
    });
    expect(await live()).toBe(`-A -t 192.0.2.1:80 -s wlc\n${destination(1, 1, 8)}\n`);
    expect(await daemon.run('approve')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('nothing is held back'),
    });
  });

  it('that stopped a plan no longer stops the corrected files', async () => {
    write(configOf([[1], [1], [1]]));
    const daemon = await start();
    write(configOf([]));
    await until('the plan is held back', async () => (await daemon.status()).health === 'held');
    // Invalid files make the plan void, also when nobody has noticed them yet.
    const before = await live();
    write('version: 2\n');
    expect((await daemon.run('approve')).status).not.toBe(0);
    expect(await live()).toBe(before);
    expect(await daemon.status()).toMatchObject({ health: 'invalid', waiting: null });
    write(configOf([[2], [1], [1]]));
    await holds(destination(1, 1, 2));
    await until('all is well', async () => (await daemon.status()).health === 'in-sync');
  });
});

describe('drift', () => {
  it('of values, entries, foreign services and the whole table is corrected', async () => {
    write(configOf([[1, 1], [1]]));
    const daemon = await start();
    const before = await live();
    const meddle = [
      '-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9',
      '-d -t 192.0.2.1:80 -r 10.0.0.2:80',
      '-D -t 192.0.2.2:80',
      '-A -t 192.0.2.99:80',
      '-C',
    ];
    for (const command of meddle) {
      await ipvsadm(command);
      await until(`${command} is corrected`, async () => (await live()) === before);
    }
    await until('it is counted', async () =>
      /^ipvstate_drift_total [1-9]/m.test((await daemon.get('/metrics')).body),
    );
    expect(daemon.events('applied').some(({ drift }) => drift === true)).toBe(true);
  });

  it('is corrected when the whole table is lost right after the start', async () => {
    for (let round = 0; round < 3; round++) {
      write(configOf([[1, 1]]));
      const daemon = await start();
      await until(
        'a second look',
        async () => (await daemon.status()).last_pass?.outcome === 'in-sync',
      );
      const before = await live();
      await ipvsadm('-C');
      await until('the table is back', async () => (await live()) === before);
      await daemon.stop();
      await ipvsadm('-C');
    }
  });

  it('that the text form of the table does not show is corrected by the slow poll', async () => {
    write(configOf([[1]]));
    await start('-f', file, '--interval', '60s', '--resync', '1s', '--debounce', '60ms');
    await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1 -x 50 -y 10');
    await holds(destination(1, 1, 1));
  });

  it('is corrected after the module was unloaded and loaded again', async () => {
    write(configOf([[1, 1]]));
    const daemon = await startProcess();
    const before = await live();
    await removeIpvsModules((signal) => daemon.signal(signal));
    await output('modprobe ip_vs');
    daemon.signal('SIGCONT');
    await until('the table is back', async () => (await live()) === before).catch(
      async (error: Error) => {
        throw new Error(
          `${error.message}; it is\n${await live()}${JSON.stringify(await daemon.status())}\n${daemon.log}`,
        );
      },
    );
    await until('all is well', async () => (await daemon.status()).health === 'in-sync');
  });

  it('is only reported with --drift report, while changed files are still applied', async () => {
    write(configOf([[1]]));
    const daemon = await start('-f', file, ...FAST, '--drift', 'report');
    await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9');
    await until('it is reported', async () => (await daemon.status()).health === 'drifted');
    expect(await live()).toContain(destination(1, 1, 9));
    expect(await daemon.run('reload')).toMatchObject({ status: 2 });
    write(configOf([[2]]));
    await holds(destination(1, 1, 2));
  });

  it('that deletes the whole table is corrected at once, each time', async () => {
    write(configOf([[1, 1]]));
    const daemon = await start();
    const before = await live();
    for (let round = 0; round < 6; round++) {
      await ipvsadm('-C');
      await until(`the table is back in round ${round}`, async () => (await live()) === before);
    }
    expect(await daemon.status()).toMatchObject({ contested: [] });
    expect(await daemon.run('reload')).toMatchObject({ status: 0 });
  });

  it('that deletes the last servers of a service is corrected each time', async () => {
    write(configOf([[1, 1]]));
    const daemon = await start();
    const before = await live();
    for (let round = 0; round < 6; round++) {
      await ipvsadm('-d -t 192.0.2.1:80 -r 10.0.0.1:80');
      await ipvsadm('-d -t 192.0.2.1:80 -r 10.0.0.2:80');
      await until(`the servers are back in round ${round}`, async () => (await live()) === before);
    }
    expect(daemon.events('contested').length).toBeGreaterThan(0);
    expect(
      daemon
        .events('applied')
        .some(({ level, unserved }) => level === 'error' && unserved !== undefined),
    ).toBe(true);
    expect(await daemon.run('reload')).toMatchObject({ status: 0 });
    expect(await daemon.run('check', '-f', file)).toMatchObject({ status: 0 });
    expect((await daemon.get('/readyz')).status).toBe(200);
  });

  it('that another program repeats makes only that object contested', async () => {
    write(configOf([[1], [1]]));
    const daemon = await start();
    await until('it is contested', async () => {
      if ((await live()).includes(destination(1, 1, 1)))
        await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9');
      return (await daemon.status()).contested.length > 0;
    });
    expect((await daemon.status()).contested).toEqual([
      { object: 'tcp://192.0.2.1:80 10.0.0.1:80', reversals: 3 },
    ]);
    expect((await daemon.get('/metrics')).body).toContain('ipvstate_contested 1\n');
    await ipvsadm('-d -t 192.0.2.2:80 -r 10.0.1.1:80');
    await holds(destination(2, 1, 1));
    expect(await live()).toContain(destination(1, 1, 9));
    expect(daemon.events('contested')).toHaveLength(1);
    // Drift that is only reported is not in sync in any view.
    expect((await daemon.status()).health).toBe('contested');
    expect((await daemon.get('/metrics')).body).toContain('ipvstate_in_sync 0\n');
    expect((await daemon.get('/readyz')).status).toBe(503);
    expect(await daemon.run('check', '-f', file)).toMatchObject({ status: 2 });
    expect(await daemon.run('reload')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Applied and verified: 1 operation.'),
    });
    await holds(destination(1, 1, 1));
  });
});

describe('the daemon', () => {
  it('makes a second daemon and an apply exit 75 and name the first one', async () => {
    write(configOf([[1]]));
    const daemon = await startProcess();
    for (const ran of [
      await daemon.run('watch', '-f', file),
      daemon.runProcess('apply', '-f', file, '--yes'),
    ]) {
      expect(ran).toMatchObject({
        status: 75,
        stderr: expect.stringContaining(`pid ${daemon.pid} (ipvstate watch)`),
      });
    }
  });

  it('keeps the table when it is stopped, and starts again over its stale socket', async () => {
    write(configOf([[1, 1]]));
    const daemon = await startProcess();
    const before = await live();
    expect(await daemon.stop('SIGTERM')).toBe(0);
    expect(await live()).toBe(before);
    expect(await daemon.run('status')).toMatchObject({ status: 69 });
    await daemon.start();
    await daemon.stop('SIGKILL');
    expect(await live()).toBe(before);
    expect(await daemon.run('status')).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('the last one was killed'),
    });
    write(configOf([[1, 5]]));
    await daemon.start();
    await holds(destination(1, 2, 5));
    expect(await daemon.stop('SIGINT')).toBe(0);
  });

  it('reads everything on SIGHUP and on reload, and reload prints the result', async () => {
    write(configOf([[1]]));
    const daemon = await startProcess(
      '-f',
      file,
      '--interval',
      '60s',
      '--resync',
      '60s',
      '--debounce',
      '60ms',
    );
    await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9');
    daemon.signal('SIGHUP');
    await holds(destination(1, 1, 1));
    await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9');
    expect(await daemon.run('reload')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Applied and verified: 1 operation.'),
    });
    expect(await live()).toContain(destination(1, 1, 1));
    write('version: 2\n');
    expect(await daemon.run('reload')).toMatchObject({
      status: 65,
      stdout: expect.stringContaining('ipvs.yaml:1:'),
    });
    write(
      configOf([[1]])
        .replace('services:', 'services: # the scheduler is unknown')
        .replace('tcp://192.0.2.1:80",', 'tcp://192.0.2.1:80", scheduler: nonsense,'),
    );
    // The kernel refuses the service, so the daemon leaves it out and is not in sync.
    expect((await daemon.run('reload')).status).toBe(2);
    await until('the refused part is in the log', () =>
      daemon.events('part-refused').some(({ msg }) => msg.includes('tcp://192.0.2.1:80')),
    );
    expect((await daemon.status()).health).toBe('refused');
  });

  it('waits for the end of a pending try before it begins', async () => {
    write(configOf([[1]]));
    const other = new DaemonProcess(join(folder, 'daemon-0'), [], openKernel);
    const wait = ['--no-wait', '--timeout', '60s'];
    expect(other.runProcess('try', '-f', file, '--yes', ...wait)).toMatchObject({ status: 0 });
    write(configOf([[2]]));
    const words = ['-f', file, ...FAST];
    const daemon = new DaemonProcess(join(folder, 'daemon-0'), words, openKernel);
    started.push(daemon);
    const running = daemon.start();
    await until('it waits', () => daemon.events('pending-try').length === 1);
    expect(await live()).toContain(destination(1, 1, 1));
    expect(await other.run('confirm')).toMatchObject({ status: 0 });
    await running;
    await holds(destination(1, 1, 2));
  });

  it('journals each pass that writes as a run, with its trigger', async () => {
    write(configOf([[1]]));
    const daemon = await start();
    // The log has the end of the pass. The kernel has the operations before that.
    const passesThatWrote = (count: number) =>
      until(`${count} passes that wrote`, () => daemon.events('applied').length === count);
    await passesThatWrote(1);
    write(configOf([[2]]));
    await passesThatWrote(2);
    await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9');
    await passesThatWrote(3);
    await daemon.stop();
    const lines = journalOf(daemon)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(
      lines.filter(({ type }) => type === 'begin').map(({ verb, trigger }) => [verb, trigger]),
    ).toEqual([
      ['watch', 'start'],
      ['watch', 'file'],
      ['watch', 'drift'],
    ]);
    expect(lines.filter(({ type }) => type === 'end').map(({ outcome }) => outcome)).toEqual([
      'applied',
      'applied',
      'applied',
    ]);
    expect(await daemon.run('rollback', '--yes')).toMatchObject({ status: 0 });
    expect(await live()).toContain(destination(1, 1, 9));
  });
});

describe('systemd', () => {
  /**
   * A service manager. It passes on a connected datagram socket, and prints each message with the
   * process that sent it.
   */
  const MANAGER = `use Socket; use Fcntl;
    my ($path, $program, @args) = @ARGV;
    socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or die; bind($in, sockaddr_un($path)) or die "$path $!";
    my $pid = fork() // die;
    if (!$pid) {
      close $in; socket(my $out, AF_UNIX, SOCK_DGRAM, 0) or die; connect($out, sockaddr_un($path)) or die;
      if (fileno($out) != 3) { POSIX::dup2(fileno($out), 3) } else { fcntl($out, F_SETFD, 0) }
      $ENV{NOTIFY_SOCKET} = $path; $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_FDNAMES} = 'notify';
      $ENV{WATCHDOG_USEC} = 200000; $ENV{WATCHDOG_PID} = $$;
      open(STDOUT, '>', "$path.log"); open(STDERR, '>&', \\*STDOUT);
      exec($program, @args) or die;
    }
    $| = 1; print "PID=$pid\\n";
    while (defined recv($in, my $text, 4096, 0)) { $text =~ s/\\n/ | /g; print "$text\\n" }`;

  it('gets the start, reloads, failures and the stop from the process itself', async () => {
    write(configOf([[1]]));
    const state = new DaemonProcess(join(folder, 'daemon-0'), [], openKernel);
    const watch = [PROGRAM, 'watch', '-f', file, ...FAST, '--log-format', 'journal'];
    const manager = spawn(
      'perl',
      ['-MPOSIX', '-e', MANAGER, join(folder, 'notify.sock'), process.execPath, ...watch],
      { env: state.env },
    );
    let said = '';
    manager.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    onTestFinished(() => void manager.kill('SIGKILL'));
    await until('READY', () =>
      said.includes('READY=1 | STATUS=in sync: the live table is as desired\n'),
    );
    const pid = Number(/^PID=(\d+)$/m.exec(said)?.[1]);
    onTestFinished(() => void spawnSync('kill', ['-KILL', String(pid)]));
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('ipvstate\n');
    await until('WATCHDOG', () => (said.match(/^WATCHDOG=1$/gm) ?? []).length >= 3);
    process.kill(pid, 'SIGHUP');
    await until('RELOADING', () =>
      /^RELOADING=1 \| MONOTONIC_USEC=\d{6,} \| STATUS=[^|]+\n(?:WATCHDOG=1\n)*READY=1 \| STATUS=in sync/m.test(
        said,
      ),
    );
    write('version: 1\nservices: [{}]\n');
    await until('a failure', () =>
      /^STATUS=the configuration is invalid; the last valid one stays in force: .*ipvs.yaml:2:12: /m.test(
        said,
      ),
    );
    process.kill(pid, 'SIGTERM');
    await until('STOPPING', () =>
      said.includes('STOPPING=1 | STATUS=stopping; the table stays as it is\n'),
    );
    expect(
      readFileSync(join(folder, 'notify.sock.log'), 'utf8')
        .split('\n')
        .filter((line) => !/^<[346]>|^$/.test(line)),
    ).toEqual([]);
  });
});

describe('the metrics', () => {
  it('have the counters of the kernel with --stats, without those of removed objects', async () => {
    write(configOf([[1, 1], [1], [1], [1]]));
    const daemon = await start('-f', file, ...FAST, '--stats');
    const series = async (): Promise<string[]> =>
      (await daemon.get('/metrics')).body.match(/^ipvstate_destination_weight\{.*$/gm) ?? [];
    expect(await series()).toHaveLength(5);
    write(configOf([[1], [1], [1]]));
    await until('one is gone', async () => (await series()).length === 3);
    expect((await series()).join('\n')).not.toContain('192.0.2.4');
    const promtool = await shell.run('promtool', ['check', 'metrics'], {
      stdin: (await daemon.get('/metrics')).body,
    });
    const isMissing = promtool.status === 127;
    if (isMissing)
      process.stderr.write('promtool is not installed: the format was checked without it\n');
    else expect(promtool).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});
