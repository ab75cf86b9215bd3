import { expect } from 'vitest';
import type { Address } from '../../src/model/address.ts';
import type { Operation } from '../../src/model/operation.ts';
import { type DestinationText, serviceOf } from '../support/tables.ts';
import { adding, deleteService, editService, onDestination } from './operations.ts';
import { type Clause, errnos } from './subject.ts';

const SERVICE = 'tcp://192.0.2.1:80';
type Settings = Exclude<DestinationText[string], number>;

function add(text: string, settings: Settings = {}): Operation {
  return onDestination('add-destination', SERVICE, text, settings);
}

function edit(text: string, settings: Settings = {}): Operation {
  return onDestination('edit-destination', SERVICE, text, settings);
}

export function refusalClauses(clause: Clause): void {
  clause('refuses to add an entry that exists, before it checks the settings', async (ipvs) => {
    const wave = [
      ...adding(SERVICE),
      ...adding(SERVICE),
      ...adding(SERVICE, { scheduler: 'absent' }),
      add('10.0.0.1:80'),
      add('10.0.0.1:80', { forward: 'masq' }),
    ];
    expect(await errnos(ipvs, wave)).toEqual([null, 'EEXIST', 'EEXIST', null, 'EEXIST']);
  });

  clause('refuses to edit or delete an entry that does not exist', async (ipvs) => {
    const zero: Operation = { kind: 'zero', service: serviceOf(SERVICE).identity };
    expect(
      await errnos(ipvs, [
        editService(SERVICE),
        deleteService(SERVICE),
        zero,
        add('10.0.0.1:80'),
        edit('10.0.0.1:80'),
      ]),
    ).toEqual(new Array(5).fill('ESRCH'));
    const wave = [
      ...adding(SERVICE),
      edit('10.0.0.1:80'),
      onDestination('delete-destination', SERVICE, '10.0.0.1:80'),
      zero,
    ];
    expect(await errnos(ipvs, wave)).toEqual([null, 'ENOENT', 'ENOENT', null]);
  });

  clause('refuses an unknown scheduler or persistence engine and changes nothing', async (ipvs) => {
    const wave = [
      ...adding(SERVICE, { scheduler: 'absent' }),
      ...adding(SERVICE, { persistenceEngine: 'absent' }),
      ...adding(SERVICE, { scheduler: 'rr' }),
      editService(SERVICE, { scheduler: 'absent', schedulerFlags: 8 }),
      editService(SERVICE, { scheduler: 'wrr', persistenceEngine: 'absent' }),
    ];
    expect(await errnos(ipvs, wave)).toEqual(['ENOENT', 'ENOENT', null, 'ENOENT', 'ENOENT']);
    const [entry] = (await ipvs.read()).table.services.values();
    expect(entry?.service).toEqual(serviceOf(SERVICE, { scheduler: 'rr' }));
    const refused = (await ipvs.execute([editService(SERVICE, { scheduler: 'absent' })])).get(0);
    expect(refused).toMatchObject({ code: 'KERNEL', request: `edit-service ${SERVICE}` });
    expect(refused?.message).toContain('scheduler "absent" (kernel module ip_vs_absent)');
  });

  clause(
    'checks the existence of a service, then its scheduler, then its IPv6 prefix',
    async (ipvs) => {
      const six = 'tcp://[2001:db8::1]:80';
      const wave = [
        editService(six, { scheduler: 'absent' }),
        ...adding(six, { scheduler: 'absent', persistenceNetmask: 0 }),
        ...adding(six, { persistenceNetmask: 0 }),
        ...adding(six, { persistenceNetmask: 129 }),
      ];
      expect(await errnos(ipvs, wave)).toEqual(['ESRCH', 'ENOENT', 'EINVAL', 'EINVAL']);
    },
  );

  clause(
    'checks the settings of a destination, then its existence, then its address',
    async (ipvs) => {
      const bad: Settings = { upperThreshold: 1, lowerThreshold: 2 };
      const gue: Settings = { forward: 'tunnel', tunnelType: 'gue' };
      const wave = [
        onDestination('add-destination', 'fwmark:1', '10.0.0.1:80', bad),
        ...adding(SERVICE, { destinations: { '10.0.0.1:80': 1 } }),
        add('10.0.0.1:80', bad),
        add('10.0.0.1:80', { weight: -1 }),
        add('10.0.0.1:80', gue),
        add('10.0.0.1:80', { ...gue, forward: 'masq' }),
        edit('10.0.0.9:80', bad),
        add('0.0.0.0:80', bad),
        edit('0.0.0.0:80'),
      ];
      expect(await errnos(ipvs, wave)).toEqual([
        'ESRCH',
        null,
        null,
        'ERANGE',
        'ERANGE',
        'EINVAL',
        'EINVAL',
        'ERANGE',
        'ERANGE',
        'ENOENT',
      ]);
    },
  );

  clause('refuses a destination with an address that is not unicast', async (ipvs) => {
    const four = ['0.0.0.0', '224.0.0.1', '255.255.255.255'].map((address) => add(`${address}:80`));
    const six = ['::', 'ff02::1', 'fe80::1234', '::ffff:10.0.0.1'].map((address) =>
      onDestination('add-destination', 'fwmark:6/ipv6', `[${address as Address}]:80`),
    );
    const wave = [...adding(SERVICE), ...adding('fwmark:6/ipv6'), ...four, ...six];
    expect(await errnos(ipvs, wave)).toEqual([null, null, ...new Array(7).fill('EINVAL')]);
  });

  clause(
    'refuses a destination of the other family without a tunnel, except in a delete',
    async (ipvs) => {
      const other = '[2001:db8::2]:80';
      const wave = [
        ...adding(SERVICE),
        add(other),
        add(other, { forward: 'masq' }),
        add(other, { forward: 'tunnel' }),
        edit(other, { forward: 'route' }),
        onDestination('delete-destination', SERVICE, other, { forward: 'route' }),
      ];
      expect(await errnos(ipvs, wave)).toEqual([null, 'EINVAL', 'EINVAL', null, 'EINVAL', null]);
    },
  );
}
