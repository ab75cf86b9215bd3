import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpvstateError } from '../../../src/errors.ts';
import { hasInvisible } from '../../../src/model/printable.ts';
import { holds } from '../../support/properties.ts';
import { keyOf, tableOf, wholly } from '../../support/tables.ts';
import { settle } from '../../support/virtual-clock.ts';
import { ApiWorld, EventClient } from './api-world.ts';

const TABLE = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
  'fwmark:7': { destinations: { '10.0.0.1:0': 1 } },
});

const world = (): Promise<ApiWorld> => new ApiWorld(TABLE, TABLE).begin() as Promise<ApiWorld>;

describe('the events', () => {
  it('begin with the status, all services, and those that were asked for', async () => {
    const own = await world();
    const client = await own.follow('service=fwmark:7');
    expect(client.text.startsWith('retry: 2000\n\nevent: status\n')).toBe(true);
    const events = client.take();
    expect(events.map(({ event }) => event)).toEqual(['status', 'services', 'service']);
    expect(events[1]?.document.services).toHaveLength(2);
    expect(events[1]?.document.services[0]).toHaveProperty('plot');
    expect(events[1]?.document).not.toHaveProperty('removed');
    expect(events[2]?.document.services).toMatchObject([
      { service: 'fwmark:7', destinations_list: [{ destination: '10.0.0.1:0' }] },
    ]);
  });

  it('go on with what has changed, and send a plot only with a new value', async () => {
    const own = await world();
    const client = await own.follow();
    await own.clock.advance(2000);
    client.take();
    await own.clock.advance(2000);
    expect(client.take()).toMatchObject([
      { event: 'services', document: { services: [], removed: [] } },
    ]);
    own.rate = 5;
    await own.clock.advance(2000);
    const [changed] = client.take();
    expect(changed?.document.services).toHaveLength(2);
    expect(changed?.document.services[0]).not.toHaveProperty('plot');
    await own.clock.advance(4000);
    expect(client.take().at(-1)?.document.services).toMatchObject([
      { plot: { connections: [0, 10] } },
      { plot: { connections: [0, 5] } },
    ]);
  });

  it('name the services that are gone, and send another status', async () => {
    const own = await world();
    const client = await own.follow('service=fwmark:7');
    client.take();
    const shop = { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } };
    await own.foreign(tableOf({ ...shop, 'fwmark:8': {} }));
    await own.clock.advance(2000);
    client.take();
    await own.foreign(tableOf(shop));
    await own.write('nonsense');
    await own.clock.advance(2000);
    const [status, services, service] = client.take();
    expect(status?.document.status.health).toBe('invalid');
    expect(services?.document.removed).toEqual(['fwmark:8']);
    expect(service?.document.services).toMatchObject([
      { service: 'fwmark:7', live: false, destinations_list: [{ live: false }] },
    ]);
  });

  it('share one read of the kernel, and read nothing when nobody looks', async () => {
    const own = await world();
    await own.clock.advance(60_000);
    expect(own.reads).toEqual([]);
    const clients = [await own.follow(), await own.follow('service=fwmark:7'), await own.follow()];
    own.reads.length = 0;
    await own.clock.advance(2000);
    expect(own.reads).toEqual(['all', ['fwmark:7']]);
    for (const client of clients) client.destroy();
    own.reads.length = 0;
    await own.clock.advance(60_000);
    expect(own.reads).toEqual([]);
    await own.follow();
    expect(own.reads).toEqual(['all']);
  });

  it('go on while the kernel cannot be read, and say so', async () => {
    const own = await world();
    const client = await own.follow('service=fwmark:7');
    await own.clock.advance(2000);
    const at = client.take().at(-2)?.document.at;
    own.failure = new IpvstateError('UNAVAILABLE', 'the module is gone');
    await own.clock.advance(2000);
    expect(client.take()).toMatchObject([
      {
        event: 'services',
        document: {
          ...{ at, stale: true, reason: 'the module is gone', removed: [] },
          services: [{ state: 'unknown' }, { state: 'unknown' }],
        },
      },
    ]);
    own.failure = undefined;
    await own.clock.advance(2000);
    expect(client.take()).toMatchObject([
      { event: 'services', document: { stale: false, reason: null } },
      { event: 'service' },
    ]);
    expect(client.isDestroyed).toBe(false);
  });

  it('go on with the last numbers while a read takes long', async () => {
    const own = await world();
    const client = await own.follow();
    const at = client.take()[1]?.document.at;
    let finish = (): void => {};
    own.delay = new Promise((resolve) => {
      finish = resolve;
    });
    own.rate = 9;
    own.reads.length = 0;
    await own.clock.advance(10_000);
    const events = client.take().filter(({ event }) => event === 'services');
    expect(events.length).toBeGreaterThanOrEqual(2);
    for (const { document } of events)
      expect(document).toMatchObject({ at, stale: false, services: [] });
    await own.clock.advance(10_000);
    const late = client.take().filter(({ event }) => event === 'services');
    expect(late.length).toBeGreaterThanOrEqual(1);
    for (const { document } of late)
      expect(document).toMatchObject({ at, stale: true, reason: 'the kernel does not answer' });
    expect(own.reads).toEqual(['all']);
    finish();
    await own.clock.advance(4000);
    expect(client.take()[0]?.document.services).toMatchObject([
      { rates: { connections: 18 } },
      { rates: { connections: 9 } },
    ]);
  });

  it('begin without services while the kernel could not be read yet', async () => {
    const own = await world();
    own.failure = new IpvstateError('UNAVAILABLE', 'no IPVS');
    const client = await own.follow();
    expect(client.take()).toMatchObject([
      { event: 'status' },
      { event: 'services', document: { at: null, stale: true, services: [] } },
    ]);
  });

  it('drop a client that does not take them, and no other', async () => {
    const own = await world();
    const [slow, quick, huge] = [await own.follow(), await own.follow(), await own.follow()];
    slow.writableLength = 1;
    huge.writableLength = 9 << 20;
    await own.clock.advance(2000);
    expect([slow, quick, huge].map(({ isDestroyed }) => isDestroyed)).toEqual([false, false, true]);
    await own.clock.advance(10_000);
    expect(slow.isDestroyed).toBe(false);
    await own.clock.advance(2000);
    expect([slow, quick].map(({ isDestroyed }) => isDestroyed)).toEqual([true, false]);
  });

  it('keep a client that is late, and takes all of them in time', async () => {
    const own = await world();
    const client = await own.follow();
    for (let look = 0; look < 20; look++) {
      client.writableLength = look % 4;
      await own.clock.advance(2000);
    }
    expect(client.isDestroyed).toBe(false);
  });

  it('have any name of a service as it is, in one line without invisible characters', () =>
    holds(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
        const names = new Map([[keyOf('fwmark:7'), name]]);
        const own = await new ApiWorld(TABLE, { ...wholly(TABLE), names }).begin();
        const client = await (own as ApiWorld).follow('service=fwmark:7');
        const isPlain = client.text.split('\n').every((line) => !hasInvisible(line));
        const found = client
          .take()
          .slice(1)
          .map(({ document }) => document.services.find(({ service }) => service === 'fwmark:7'));
        return isPlain && found.length === 2 && found.every((service) => service?.name === name);
      }),
      30,
    ));

  it('are for 32 clients at a time, and for 4 services each', async () => {
    const own = await world();
    const clients = await Promise.all(Array.from({ length: 32 }, () => own.follow()));
    expect(await own.ask('/events')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '10' },
    });
    clients[3]?.destroy();
    await own.follow();
    const five = ['1', '2', '3', '4', '5'].map((mark) => `service=fwmark:${mark}`).join('&');
    expect(await own.ask(`/events?${five}`)).toMatchObject({ status: 400 });
  });

  it('end for every client after a bug in a look, so that clients connect again', async () => {
    const own = await world();
    const client = await own.follow();
    own.status = () => {
      throw new TypeError('x is not a function');
    };
    await own.clock.advance(2000);
    expect(client.isDestroyed).toBe(true);
  });

  it('have the first state for a client that comes while another one is served', async () => {
    const own = await world();
    const clients = [new EventClient(), new EventClient()];
    for (const client of clients) {
      const answer = await own.pages['/events']?.({ query: new URLSearchParams(), headers: {} });
      if (answer && 'open' in answer) answer.open(client);
    }
    await settle();
    for (const client of clients)
      expect(
        client
          .take()
          .map(({ event }) => event)
          .slice(0, 2),
      ).toEqual(['status', 'services']);
    expect(own.reads).toEqual(['all']);
  });
});
