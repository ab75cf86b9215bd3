import { describe, expect, it } from 'vitest';
import { mergeDesired } from '../../src/config/merge.ts';
import { formatIssues } from '../../src/render/issues.ts';
import { desiredOf } from '../support/config-problems.ts';

const A = 'version: 1\nservices:\n  - { name: a, address: fwmark:1, destinations: [10.0.0.1] }\n';
const B = 'version: 1\nservices:\n  - { name: b, address: fwmark:2, destinations: [10.0.0.1] }\n';

function merge(...texts: string[]) {
  const names = texts.map((_, index) => `${'abc'[index]}.yaml`);
  const { desired, issues } = mergeDesired(
    texts.map((text, index) => desiredOf(text, names[index])),
  );
  return {
    desired,
    text: formatIssues(issues, new Map(texts.map((text, index) => [names[index] ?? '', text]))),
  };
}

describe('mergeDesired', () => {
  it('merges the services, names and places of several files', () => {
    const { desired, text } = merge(A, B);
    expect(text).toBe('');
    expect([...(desired?.services.keys() ?? [])]).toEqual(['fwmark:1', 'fwmark:2']);
    expect([...(desired?.names ?? [])]).toEqual([
      ['fwmark:1', 'a'],
      ['fwmark:2', 'b'],
    ]);
    expect(desired?.locate('fwmark:2' as never, '10.0.0.1:0' as never)).toEqual({
      file: 'b.yaml',
      line: 3,
      column: 50,
    });
    expect(desired?.daemons).toBeUndefined();
  });

  it('returns an empty desired state for no files, and the file for one file', () => {
    expect(mergeDesired([]).desired).toMatchObject({
      timeouts: {},
      limits: {},
      daemons: undefined,
    });
    const only = desiredOf(A);
    expect(mergeDesired([only]).desired).toBe(only);
  });

  it('merges different timeouts and limits of several files', () => {
    const { desired } = merge(
      `${A}timeouts: { tcp: 5m }\nlimits: { max_service_deletes: 1 }\n`,
      `${B}timeouts: { udp: 1m }\nlimits: { max_destination_deletes: off }\nsync_daemons: []\n`,
    );
    expect(desired).toMatchObject({
      timeouts: { tcp: 300, udp: 60 },
      limits: {
        maxServiceDeletes: { kind: 'count', value: 1 },
        maxDestinationDeletes: { kind: 'off' },
      },
      daemons: [],
      sections: { timeouts: { file: 'a.yaml' }, sync_daemons: { file: 'b.yaml' } },
    });
  });

  it('refuses a service that is in two files, and shows both', () => {
    const { desired, text } = merge(A, B.replace('fwmark:2', 'fwmark:1'));
    expect(desired).toBeUndefined();
    expect(text).toBe(
      [
        'b.yaml:3:5: error DUPLICATE: the service fwmark:1 is in two files',
        '3 |   - { name: b, address: fwmark:1, destinations: [10.0.0.1] }',
        '  |     ^',
        '  hint: remove one of them',
        '  note: first here: a.yaml:3:5',
        '3 |   - { name: a, address: fwmark:1, destinations: [10.0.0.1] }',
        '  |     ^',
        '',
      ].join('\n'),
    );
  });

  it('refuses a setting of two files, even with equal values', () => {
    const more = 'timeouts: { tcp: 5m }\nlimits: { max_service_deletes: 1 }\nsync_daemons: []\n';
    const { desired, text } = merge(A + more, B, `version: 1\nservices: []\n${more}`);
    expect(desired).toBeUndefined();
    expect(text.match(/^.*error.*$/gm)).toEqual([
      'c.yaml:3:1: error DUPLICATE: the timeout tcp is in two files',
      'c.yaml:4:1: error DUPLICATE: the limit max_service_deletes is in two files',
      'c.yaml:5:1: error DUPLICATE: the sync daemons are in two files',
    ]);
    expect(text.match(/first here: .*$/gm)).toEqual([
      'first here: a.yaml:4:1',
      'first here: a.yaml:5:1',
      'first here: a.yaml:6:1',
    ]);
  });

  it('refuses sync daemons of one file beside a tunnel to another family in a second one', () => {
    const mixed =
      'version: 1\nservices:\n  - address: fwmark:3\n    destinations:\n      - { address: "2001:db8::1", forward: tunnel }\n';
    const { text } = merge(`${A}sync_daemons: [{ role: master, interface: eth0 }]\n`, mixed);
    expect(text).toContain(
      'b.yaml:5:9: error CONFLICT: [2001:db8::1]:0 is of another family than its service',
    );
    expect(text).toContain('note: the sync daemons are here: a.yaml:4:1');
    expect(merge(`${A}sync_daemons: []\n`, mixed).text).toBe('');
  });

  it('reports a place even for a service that comes from no file', () => {
    const desired = { ...desiredOf(A), locate: () => undefined };
    expect(mergeDesired([desired, desired]).issues).toMatchObject([
      { code: 'DUPLICATE', position: { file: '-', line: 1, column: 1 } },
    ]);
  });

  it('merges manage, the sysctls and the policies of services', () => {
    const { desired, text } = merge(
      `${A}manage: { include: [{ fwmark: 1-9 }] }\n`,
      B.replace('10.0.0.1]', '10.0.0.1], protect: true'),
      'version: 1\nservices: []\nsysctls: { values: { conntrack: 1 } }\n',
    );
    expect(text).toBe('');
    expect(desired?.policy).toEqual({
      manage: { include: [{ fwmark: { min: 1, max: 9 } }], exclude: [] },
      services: new Map([['fwmark:2', { protect: true, drain: undefined, preserve: new Map() }]]),
      sysctls: { mode: 'check', values: new Map([['conntrack', '1']]) },
    });
    expect(merge(A, B).desired).not.toHaveProperty('policy');
  });

  it('refuses manage or sysctls in two files', () => {
    const manage = 'manage: { exclude: [{ fwmark: 9 }] }\n';
    const sysctls = 'sysctls: { values: { conntrack: 1 } }\n';
    const { desired, text } = merge(`${A}${manage}${sysctls}`, `${B}${manage}${sysctls}`);
    expect(desired).toBeUndefined();
    expect(text).toContain('b.yaml:4:1: error DUPLICATE: what is managed is in two files');
    expect(text).toContain('note: first here: a.yaml:4:1');
    expect(text).toContain('b.yaml:5:1: error DUPLICATE: the sysctls are in two files');
    expect(text).toContain('note: first here: a.yaml:5:1');
  });

  it('refuses a service that the manage of another file leaves out, and shows both places', () => {
    const { desired, text } = merge(
      A,
      `${B.replace('fwmark:2', 'fwmark:5')}manage: { include: [{ fwmark: 5 }] }\n`,
    );
    expect(desired).toBeUndefined();
    expect(text).toContain(
      'a.yaml:3:5: error CONFLICT: the service fwmark:1 is outside of what is managed',
    );
    expect(text).toContain('note: what is managed is here: b.yaml:4:1');
  });
});
