import { expect, test } from 'vitest';
import { IpvstateError, KernelError, MissingAddonError } from '../../src/errors.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { tableOf } from '../support/tables.ts';
import { frontEnd } from './front-end.ts';

const table = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.2:8080': { forward: 'masq' } } },
  'fwmark:7': { destinations: { '10.0.0.2:80': { forward: 'masq' } } },
});

const HEAD =
  'Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n';

test('a wrong command line is refused before the table is opened', async () => {
  const { run, opened } = frontEnd(table);
  expect(await run('-A -t 192.0.2.1:80 -w 1')).toEqual({
    status: 2,
    stdout: '',
    stderr: "Illegal 'weight' option with the 'add-service' command\n",
  });
  expect(await run('-L -q')).toEqual({ status: 255, stdout: '', stderr: '-q: unknown option\n' });
  expect(await run('-h')).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringContaining('Usage:\n  ipvsadm -A|E virtual-service'),
  });
  expect(await run('-v')).toMatchObject({
    status: 0,
    stdout: 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n',
  });
  expect(opened()).toEqual([0, 0]);
});

test("a change prints nothing, and a refused change prints ipvsadm's message", async () => {
  const { run, saved, opened } = frontEnd(table);
  expect(await run('-a -t 192.0.2.1:80 -r 10.0.0.3 -m -w 5')).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
  expect(saved()).toContain('-a -t 192.0.2.1:80 -r 10.0.0.3:80 -m -w 5\n');
  expect(await run('-a -t 192.0.2.1:80 -r 10.0.0.3 -m')).toEqual({
    status: 255,
    stdout: '',
    stderr: 'Destination already exists\n',
  });
  expect(await run('-D -t 192.0.2.9:80')).toEqual({
    status: 255,
    stdout: '',
    stderr: 'No such service\n',
  });
  expect(opened()).toEqual([3, 3]);
});

test('names are looked up in both directions, and only where a name is read or printed', async () => {
  const { run, saved, asked } = frontEnd(table);
  expect(await run('-A -u vip:http')).toMatchObject({ status: 0 });
  expect(asked).toEqual(['vip', 'http/udp']);
  expect(saved()).toContain('-A -u 192.0.2.1:80');
  asked.length = 0;
  expect((await run('-L -t 192.0.2.1:80')).stdout).toBe(
    `${HEAD}TCP  vip:http rr\n  -> rs:8080                      Masq    1      0          0         \n`,
  );
  expect(asked.sort()).toEqual(['10.0.0.2', '192.0.2.1', '80/tcp', '8080/tcp']);
  asked.length = 0;
  expect((await run('-L -n -t 192.0.2.1:80')).stdout).toContain('TCP  192.0.2.1:80 rr\n');
  expect((await run('-L -f 7')).stdout).toContain('  -> rs:80 ');
  expect(asked).toEqual(['10.0.0.2']);
});

test('-S never writes names', async () => {
  const { run, asked } = frontEnd(table);
  expect((await run('-S')).stdout).toBe((await run('-S -n')).stdout);
  expect(asked).toEqual([]);
});

test('a listing of a missing service returns status 1', async () => {
  expect(await frontEnd(table).run('-L -t 192.0.2.9:80')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'No such service\n',
  });
});

test.each([
  [new IpvstateError('UNAVAILABLE', 'no IPVS'), 'Protocol not available'],
  [new IpvstateError('PERMISSION', 'no'), 'Permission denied (you must be root)'],
])('a kernel that cannot be used gives status 2 (%s)', async (error, reason) => {
  const ipvs = async (): Promise<Ipvs> => {
    throw error;
  };
  const { run } = frontEnd(table, { ipvs });
  const stderr = `Can't initialize ipvs: ${reason}\nAre you sure that IP Virtual Server is built in the kernel or as module?\n`;
  expect(await run('-L')).toEqual({ status: 2, stdout: '', stderr });
});

test('a missing addon is not reported as a kernel without IPVS', async () => {
  const ipvs = async (): Promise<Ipvs> => {
    throw new MissingAddonError('there is no build for s390x', { hint: 'Help.', cause: undefined });
  };
  expect(await frontEnd(table, { ipvs }).run('-L')).toEqual({
    status: 2,
    stdout: '',
    stderr:
      "Can't initialize ipvs: the native addon for netlink cannot be loaded: there is no build for s390x\nHelp.\n",
  });
});

test('a bug is not reported as a kernel without IPVS', async () => {
  const ipvs = async (): Promise<Ipvs> => {
    throw new TypeError('a bug');
  };
  await expect(frontEnd(table, { ipvs }).run('-L')).rejects.toThrow('a bug');
});

test('a listing that the kernel refuses returns status 1', async () => {
  const { io } = frontEnd(table);
  const ipvs = async (): Promise<Ipvs> => ({
    ...(await io.ipvs()),
    read: () => Promise.reject(new KernelError('EINVAL', 'list', 'refused')),
  });
  for (const command of ['-L', '-S', '-L --timeout', '-L --daemon']) {
    const message = 'Invalid operation.  Possibly wrong module version, address not unicast, ...\n';
    expect(await frontEnd(table, { ipvs }).run(command)).toEqual({
      status: 1,
      stdout: '',
      stderr: message,
    });
  }
});

test('an IPVS that is too old for ipvsadm is used after a warning', async () => {
  const { io } = frontEnd(table);
  const old = async (): Promise<Ipvs> => ({
    ...(await io.ipvs()),
    info: async () => ({ version: '1.1.3', connectionTableSize: 1 }),
  });
  const { status, stdout, stderr } = await frontEnd(table, { ipvs: old }).run('-L -n');
  expect(stderr).toBe(
    'Warning: IPVS version mismatch: \n  Kernel compiled with IPVS version 1.1.3\n  ipvsadm v1.31  requires minimum IPVS version 1.1.4\n\n',
  );
  expect([status, stdout.split('\n')[0]]).toEqual([0, 'IP Virtual Server version 1.1.3 (size=1)']);
});

test('entries that ipvsadm has no options for are named in warnings', async () => {
  const { io } = frontEnd(table);
  const unmanageable = [
    { service: 'tcp://192.0.2.1:80', destination: '10.0.0.9:80', reason: 'forwarding method 5' },
    { service: 'tcp://192.0.2.8:80', destination: undefined, reason: 'flags 0x40' },
  ];
  const ipvs = async (): Promise<Ipvs> => {
    const opened = await io.ipvs();
    return {
      ...opened,
      read: async (options) => ({ ...(await opened.read(options)), unmanageable }),
    };
  };
  const { run } = frontEnd(table, { ipvs });
  const destination =
    'Warning: 10.0.0.9:80 of tcp://192.0.2.1:80 is left out: forwarding method 5\n';
  const service = 'Warning: tcp://192.0.2.8:80 is left out: flags 0x40\n';
  expect(await run('-L -n')).toMatchObject({ status: 0, stderr: destination + service });
  expect(await run('-S')).toMatchObject({ status: 0, stderr: destination + service });
  expect(await run('-L -n -t 192.0.2.1:80')).toMatchObject({ status: 0, stderr: destination });
  expect(await run('-L -n -t 192.0.2.8:80')).toEqual({ status: 1, stdout: '', stderr: service });
});

test('-L -c reads the connections from /proc/net/ip_vs_conn', async () => {
  const title =
    'IPVS connection entries\npro expire state       source             virtual            destination\n';
  const line = 'TCP C0000201 E69C C0000201 0050 0A000002 1F90 NONE 9\n';
  const read = (text: string | undefined) => frontEnd(table, { readConnections: async () => text });
  expect(await read(`header\n${line}`).run('-L -c')).toEqual({
    ...{ status: 0, stderr: '' },
    stdout: `${title}TCP 00:09  NONE        vip:59036          vip:http           rs:8080\n`,
  });
  expect(await read(undefined).run('-L -c')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'cannot open file /proc/net/ip_vs_conn\n',
  });
  expect(await read('header\nx\n').run('-L -c')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'unexpected input from /proc/net/ip_vs_conn\n',
  });
});

test('cautions are printed to stderr and the change is made', async () => {
  const { run, saved } = frontEnd(table);
  expect(await run('-a -t 192.0.2.1:80 -r 10.0.0.3:81')).toEqual({
    ...{ status: 0, stdout: '' },
    stderr:
      "Warning: port 81 is replaced by the service's port 80: 'route' cannot change ports, only -m can\n",
  });
  expect(saved()).toContain('-r 10.0.0.3:80 -g');
  expect(await run('-A -t 010.0.0.1:80')).toEqual({ status: 0, stdout: '', stderr: '' });
});
