import { describe, expect, test } from 'vitest';
import { formatOf } from '../../src/formats/formats.ts';
import { parsePortNames } from '../../src/formats/port-names.ts';
import { servicesOf } from '../support/tables.ts';

/** Reads a save file on a machine with this /etc/services. */
function readOn(services: string, ...lines: string[]) {
  const text = `${lines.join('\n')}\n`;
  return formatOf(text, 'rules').parse(text, 'rules', {
    readPortNames: async () => parsePortNames(services),
  });
}

async function issuesOn(services: string, ...lines: string[]): Promise<string[]> {
  const { issues } = await readOn(services, ...lines);
  return issues.map(
    ({ position, severity, code, message }) =>
      `${position.line}:${position.column} ${severity} ${code} ${message}`,
  );
}

describe('names in a save file', () => {
  test('of well-known ports are the same number on every machine, without a word', async () => {
    const lines = [
      '-A -t 192.0.2.1:http -s rr',
      '-a -t 192.0.2.1:http -r 10.0.0.1:webcache -m',
      '-A -u 192.0.2.1:domain -s rr',
    ];
    for (const services of ['', 'http 80/tcp www\nwebcache 8080/tcp\n']) {
      const { desired, issues } = await readOn(services, ...lines);
      expect(issues).toEqual([]);
      expect(desired?.services).toEqual(
        servicesOf({
          'tcp://192.0.2.1:80': {
            scheduler: 'rr',
            destinations: { '10.0.0.1:8080': { forward: 'masq' } },
          },
          'udp://192.0.2.1:53': { scheduler: 'rr' },
        }),
      );
    }
  });

  test('of ports that only this machine knows are used, with a warning', async () => {
    expect(await issuesOn('shop 7000/tcp\n', '-A -t 192.0.2.1:shop')).toEqual([
      '1:7 warning PORT only this machine knows the port name "shop": it is 7000',
    ]);
    expect((await readOn('shop 7000/tcp\n', '-A -t 192.0.2.1:shop')).desired?.services).toEqual(
      servicesOf({ 'tcp://192.0.2.1:7000': {} }),
    );
  });

  test('of ports that this machine calls otherwise are refused', async () => {
    expect(await issuesOn('http 8080/tcp\n', '-A --tcp-service=192.0.2.1:http')).toEqual([
      '1:4 error PORT the port name "http" is 80, but 8080 in /etc/services here',
    ]);
  });

  test('that no machine knows are errors that name them', async () => {
    expect(await issuesOn('', '-A -t 192.0.2.1:shop')).toEqual([
      '1:7 error IPVSADM_LINE no port is called "shop"',
    ]);
  });

  test('of hosts are one issue, with the command that saves addresses', async () => {
    const { desired, issues } = await readOn(
      '',
      '-A -t lvs.example.com:http -s wlc',
      '-a -t lvs.example.com:http -r web1.example.com:http -m -w 1',
      '-a -t lvs.example.com:http -r web2.example.com:http -m -w 1',
      '-a -t lvs.example.com:http -r web3.example.com:http -m -w 1',
    );
    expect(desired).toBeUndefined();
    expect(issues).toEqual([
      {
        code: 'ADDRESS',
        severity: 'error',
        message: 'a host name in place of an address: lvs.example.com, on 4 lines',
        position: { file: 'rules', line: 1, column: 7 },
        hint: 'save the table again with `ipvsadm -Sn`, which writes addresses',
      },
    ]);
  });

  test('of several hosts are listed, and those beyond three are counted', async () => {
    const lines = [1, 2, 3, 4, 5].map((n) => `-A -t web${n}:80`);
    expect(await issuesOn('', ...lines)).toEqual([
      '1:7 error ADDRESS host names in place of an address: web1, web2, web3 and 2 more, on 5 lines',
    ]);
  });

  test('are not looked for where a number is misspelt', async () => {
    expect(await issuesOn('', '-A -t 192.0.2.1.7:80')).toEqual([
      '1:7 error IPVSADM_LINE illegal virtual server address[:port] specified',
    ]);
  });

  test('without a reader of names, well-known ones are still read', async () => {
    const text = '-A -t 192.0.2.1:https\n';
    const { desired } = await formatOf(text, 'a').parse(text, 'a');
    expect([...(desired?.services.keys() ?? [])]).toEqual(['tcp://192.0.2.1:443']);
  });
});
