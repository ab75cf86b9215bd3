import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/formats/formats.ts';
import type { DestinationKey } from '../../src/model/destination.ts';
import type { Origins } from '../../src/model/origin.ts';
import { keyOf } from '../support/tables.ts';

const key = keyOf('tcp://192.0.2.1:80');

/** The origins in a text, as `kind name line:column` by attribute. */
async function origins(text: string, file: string, destination?: string): Promise<unknown> {
  const { origins: found } = await formatOf(text, file).parse(text, file, { explained: key });
  const shown = (of: Origins | undefined): unknown =>
    Object.fromEntries(
      Array.from(
        of ?? [],
        ([
          attribute,
          {
            kind,
            name,
            position: { line, column },
          },
        ]) => [
          attribute,
          `${[kind, name].filter((word) => word !== undefined).join(' ')} ${line}:${column}`,
        ],
      ),
    );
  return destination === undefined
    ? shown(found?.service)
    : shown(found?.destinations.get(destination as DestinationKey));
}

const YAML = `version: 1
defaults: { weight: 4, drain: 5m }
profiles:
  web:
    scheduler: sh
    scheduler_flags: [sh-port]
    persistence: &long
      netmask: 24
    preserve: [weight]
pools:
  eu:
    - 10.0.0.1
    - { address: 10.0.0.2, weight: 2 }
services:
  - address: tcp://192.0.2.1:80
    profile: web
    persistence: *long
    destinations:
      - { pool: eu, forward: tunnel, tunnel: { type: gre } }
      - address: 10.0.0.3
        upper_threshold: 10
`;

describe('the origins in a configuration', () => {
  it('of a service are its own keys, its profile, and the defaults', async () => {
    expect(await origins(YAML, 'a.yaml')).toEqual({
      scheduler: 'profile web 5:16',
      scheduler_flags: 'profile web 6:22',
      'persistence.timeout': 'service 17:18',
      // The text of this value is at the anchor.
      'persistence.netmask': 'service 8:16',
      'drain.timeout': 'defaults 2:31',
    });
  });

  it('of a destination are the reference, the pool, the item, and the defaults', async () => {
    const reference = {
      forward: 'destination 19:30',
      'tunnel.type': 'destination 19:54',
      preserve: 'profile web 9:15',
    };
    expect(await origins(YAML, 'a.yaml', '10.0.0.1:80')).toEqual({
      ...reference,
      weight: 'defaults 2:21',
    });
    expect(await origins(YAML, 'a.yaml', '10.0.0.2:80')).toEqual({
      ...reference,
      weight: 'pool eu 13:36',
    });
    expect(await origins(YAML, 'a.yaml', '10.0.0.3:80')).toEqual({
      weight: 'defaults 2:21',
      upper_threshold: 'destination 21:26',
      preserve: 'profile web 9:15',
    });
  });

  it('leave out the flags of the defaults where the service names its scheduler', async () => {
    const text = `{ "version": 1, "defaults": { "scheduler_flags": ["flag-1"] },
  "services": [{ "address": "tcp://192.0.2.1:80", "scheduler": "rr", "destinations": [] }] }`;
    expect(await origins(text, 'a.json')).toEqual({ scheduler: 'service 2:64' });
  });

  it('are missing where they are not asked for', async () => {
    expect(await formatOf(YAML, 'a.yaml').parse(YAML, 'a.yaml')).not.toHaveProperty('origins');
  });
});

describe('the origins in ipvsadm lines', () => {
  const SAVE = `-A -t 192.0.2.1:80 -s rr
-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1
-E -t 192.0.2.1:80 -s wlc
`;

  it('are the last line about the object', async () => {
    expect(await origins(SAVE, 'a.save')).toMatchObject({
      scheduler: 'line 3:4',
      one_packet: 'line 3:4',
    });
    expect(await origins(SAVE, 'a.save', '10.0.0.1:80')).toMatchObject({
      weight: 'line 2:20',
      forward: 'line 2:20',
    });
  });

  it('are empty for a service that the lines do not have', async () => {
    expect(await origins('-A -t 192.0.2.9:80 -s rr\n', 'a.save')).toEqual({});
  });
});
