import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useHarness, words } from './ipvsadm/harness.ts';

const harness = useHarness();

/** All settings that a listing shows, with addresses that ipvsadm sorts correctly. */
const RICH = `${readFileSync(new URL('../ipvsadm/fixtures/rich.save', import.meta.url), 'utf8').replace(/255\.255\.255\.254/g, '99.255.255.254')}
-A -t 99.0.2.9:80 -s rr
-a -t 99.0.2.9:80 -r 99.0.113.254:65535 -m -w 2147483647 -x 2147483647 -y 2147483647
-a -t 99.0.2.9:80 -r 99.0.113.253:65535 -m -w 0 -x 5
`;

const HOSTS = `127.0.0.1 localhost
10.0.0.1 vip.example.test
10.0.0.2 rs1.example.test
10.0.0.3 rs2-with-a-very-long-name.and-more.example.test
10.0.0.9 vip-with-a-really-quite-long-name-indeed-so.example.test
2001:db8::1 v6vip.example.test
2001:db8:1234:5678:9abc:def0:1234:5678 v6-with-a-really-quite-long-name-indeed-so-it-is-cut-at-fifty-nine.example.test
`;

const FORMATS = [
  '',
  '--thresholds',
  '--persistent-conn',
  '--tun-info',
  '--stats',
  '--rate',
  '--stats --exact',
  '--rate --exact',
];

describe('a table with all settings', () => {
  beforeAll(async () => {
    writeFileSync('/run/ipvsadm-hosts', HOSTS);
    await harness().shell.run('mount', ['--bind', '/run/ipvsadm-hosts', '/etc/hosts']);
  });
  afterAll(async () => {
    await harness().shell.run('umount', ['/etc/hosts']);
  });

  test('is listed with the names of the hosts file of this test', async () => {
    expect((await harness().comparison.ours({ argv: ['-L'], setup: RICH })).stdout).toContain(
      '[v6vip.example.test]:http',
    );
  });
  test.each(FORMATS)('is listed as by ipvsadm with -n %s', (format) =>
    harness().same({ argv: ['-L', '-n', ...words(format)], setup: RICH }),
  );
  test.each(FORMATS)('is listed as by ipvsadm with names %s', (format) =>
    harness().same({ argv: ['-L', ...words(format)], setup: RICH }),
  );
  test.each(['-L -n --nosort', '-L --nosort --stats', '-S -n', '-S', ''])(
    'is printed as by ipvsadm with "%s"',
    (line) => harness().same({ argv: words(line), setup: RICH }),
  );
  test.each([
    '-t 10.0.0.1:80',
    '-t 10.0.0.1:https',
    '-u 10.0.0.1:5060',
    '--sctp-service 10.0.0.1:5672',
    '-t [2001:db8::1]:80',
    '-f 7',
    '-f 7 -6',
    '-f 12',
    '-t 10.0.0.9',
    '-t 1.2.3.4:5',
    '-t vip.example.test:http',
  ])('is listed as by ipvsadm for the service %s alone', async (service) => {
    for (const format of ['-n', '--stats', '-n --tun-info', '-n --rate --exact --nosort']) {
      await harness().same({ argv: ['-L', ...words(service), ...words(format)], setup: RICH });
    }
  });
});

test.each(['-L -n', '-S -n', '-L -n --stats', '-L --daemon', '-L --timeout', '-L -c', '-L -c -n'])(
  'ipvsadm and ipvstate print the same for %s of an empty table',
  (line) => harness().same({ argv: words(line), setup: '' }),
);

test.each(['-L --daemon', '-L --timeout'])(
  'ipvsadm and ipvstate print the same for %s of a table with settings',
  (line) =>
    harness().same({
      argv: words(line),
      setup:
        '--set 7 8 9\n--start-daemon backup --mcast-interface ipvsadm0 --syncid 5 --mcast-group ff02::5\n--start-daemon master --mcast-interface ipvsadm0 --mcast-ttl 3 --sync-maxlen 900\n',
    }),
);

describe('a table with connections', () => {
  const SETUP =
    '-A -t 10.0.0.254:80 -s rr -p 300 -M 255.255.255.0\n-a -t 10.0.0.254:80 -r 127.0.0.1:18080 -m -x 9\n';
  const sockets: Socket[] = [];
  let server: Server;

  beforeAll(async () => {
    server = createServer((socket) => socket.pipe(socket).on('error', () => {}));
    await new Promise<void>((resolve) => server.listen(18080, '127.0.0.1', resolve));
    await harness().same({ argv: ['-L', '-n'], setup: SETUP });
    for (let index = 0; index < 3; index++) {
      const socket = connect(80, '10.0.0.254');
      sockets.push(socket);
      await new Promise<void>((resolve, reject) =>
        socket.once('connect', resolve).once('error', reject),
      );
      socket.write('x'.repeat(1000));
      await new Promise((resolve) => socket.once('data', resolve));
    }
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test('has connections, persistent connections and counters', async () => {
    const see = async (line: string) =>
      (await harness().comparison.ours({ argv: words(line), setup: SETUP })).stdout;
    expect(await see('-L -c -n')).toMatch(
      /^TCP \d\d:\d\d {2}ESTABLISHED 10\.0\.0\.254:\d+ +10\.0\.0\.254:80 +127\.0\.0\.1:18080$/m,
    );
    expect(await see('-L -n --persistent-conn')).toMatch(/127\.0\.0\.1:18080 +1 {9}1 {11}3 /);
    await expect
      .poll(() => see('-L -n --stats'), { timeout: 60_000 })
      .toMatch(/^TCP {2}10\.0\.0\.254:80 +3 +\d/m);
  });

  test.each([
    '-L -c -n',
    '-L -c',
    '-L -c -n --persistent-conn',
    '-L -n',
    '-L -n --persistent-conn',
    '-L -n --thresholds',
    '-L -n --stats',
    '-L -n --rate',
    '-L -n --stats --exact',
  ])('is printed as by ipvsadm with %s', (line) =>
    harness().same({ argv: words(line), setup: SETUP }),
  );
});
