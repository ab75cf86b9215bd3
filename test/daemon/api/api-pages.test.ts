import { describe, expect, it } from 'vitest';
import type { ApiStatus } from '../../../src/daemon/api/documents.ts';
import { helpFor } from '../../../src/daemon/api/help.ts';
import { IpvstateError } from '../../../src/errors.ts';
import type { ServiceKey } from '../../../src/model/service.ts';
import { readBlocks } from '../../manual/blocks.ts';
import { readDocument } from '../../manual/documents.ts';
import { keyOf, tableOf, wholly } from '../../support/tables.ts';
import { statusOf } from '../statuses.ts';
import { ApiWorld } from './api-world.ts';

const TABLE = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 0 } },
  'fwmark:7': {
    scheduler: 'rr',
    persistent: true,
    persistenceTimeoutSeconds: 600,
    persistenceNetmask: 0xffff_ff00,
    destinations: { '10.0.0.1:0': 1 },
  },
});

const world = (): Promise<ApiWorld> => new ApiWorld(TABLE, TABLE).begin() as Promise<ApiWorld>;

describe('/api/v1/services', () => {
  it('has each service with its traffic, and no destinations', async () => {
    const own = await world();
    own.rate = 3;
    const { services, ...head } = await own.services();
    expect(head).toEqual({
      ...{ format: 'ipvstate-api-services', version: 1, stale: false, reason: null },
      ...{ at: own.wallTime().toISOString(), interval_seconds: 2 },
    });
    expect(services).toHaveLength(2);
    expect(services.find(({ service }) => service === 'tcp://192.0.2.1:80')).toEqual({
      ...{ service: 'tcp://192.0.2.1:80', name: null, scheduler: 'wlc', persistence: null },
      ...{ state: 'ok', notes: [], source: null, live: true, destinations: 2, usable: 1 },
      connections: { active: 4, inactive: 2, persistent: 0 },
      rates: { connections: 6, in_packets: 6, out_packets: 6, in_bytes: 360, out_bytes: 240 },
      totals: {
        ...{ connections: '1152921504606846976', in_packets: '5', out_packets: '6' },
        ...{ in_bytes: '7', out_bytes: '8' },
      },
      plot: { interval_seconds: 10, connections: [6], bytes: [600] },
    });
    expect(services[1]).toMatchObject({ service: 'fwmark:7', persistence: '10m per /24' });
  });

  it('has the destinations of the one service that is asked for', async () => {
    const own = await world();
    own.rate = 4;
    const { services } = await own.services('?service=tcp://192.0.2.1:80');
    expect(services).toHaveLength(1);
    expect(services[0]?.destinations_list).toMatchObject([
      { destination: '10.0.0.1:80', weight: { live: 1, desired: 1 }, share: 0.5, state: 'ok' },
      { destination: '10.0.0.2:80', weight: { live: 0, desired: 0 }, share: 0.5, live: true },
    ]);
    expect(own.reads).toEqual([['tcp://192.0.2.1:80']]);
  });

  it('shares one read of the kernel among those who ask at the same time', async () => {
    const own = await world();
    await Promise.all([own.services(), own.services(), own.services()]);
    await own.services();
    expect(own.reads).toEqual(['all']);
    await own.clock.advance(2000);
    await own.services();
    expect(own.reads).toEqual(['all', 'all']);
  });

  it('answers 404 for a service that nobody has, and 400 for other words', async () => {
    const own = await world();
    expect(await own.document('/api/v1/services?service=fwmark:8', 404)).toMatchObject({
      error: { code: 'USAGE', message: 'there is no service fwmark:8' },
    });
    for (const query of ['?service=shop', '?service=fwmark:7&service=fwmark:8', '?service=%00'])
      await own.document(`/api/v1/services${query}`, 400);
  });

  it('finds a service by its name or its address, whatever the case of the letters', async () => {
    const keys = ['tcp://192.0.2.1:80', 'fwmark:7'].map(keyOf) as [ServiceKey, ServiceKey];
    const begin = async (first: string, second: string): Promise<ApiWorld> => {
      const names = new Map([
        [keys[0], first],
        [keys[1], second],
      ]);
      return (await new ApiWorld(TABLE, wholly(TABLE, { names })).begin()) as ApiWorld;
    };
    const found = async (own: ApiWorld, word: string): Promise<unknown> =>
      (await own.services(`?service=${encodeURIComponent(word)}`)).services[0]?.service;
    const own = await begin('Shop', 'media');
    for (const word of ['Shop', 'sHOP', 'TCP://192.0.2.1:80', keys[0]])
      expect(await found(own, word)).toBe(keys[0]);
    expect(await found(own, 'FWMARK:7')).toBe(keys[1]);
    const twice = await begin('Shop', 'SHOP');
    expect(await found(twice, 'SHOP')).toBe(keys[1]);
    expect(await twice.document('/api/v1/services?service=shop', 400)).toMatchObject({
      error: { message: '2 services have the name "shop"' },
    });
  });

  it.each([
    ['/api/v1/status?service=fwmark:7', 'It takes nothing after its path.'],
    ['/api/v1/services?sevice=fwmark:7', 'It knows ?service=.'],
    ['/api/v1/history?count=3', 'It knows ?limit=.'],
    ['/events?services=fwmark:7', 'It knows ?service=.'],
  ])('answers 400 to %s, whose word it does not know', async (target, hint) => {
    const own = await world();
    expect(await own.document(target, 400)).toMatchObject({ error: { code: 'USAGE', hint } });
  });

  it('answers 503 while the kernel was never read, and says later how old its numbers are', async () => {
    const own = await world();
    own.failure = new IpvstateError('UNAVAILABLE', 'IPVS is away');
    expect(await own.document('/api/v1/services', 503)).toMatchObject({
      error: { code: 'UNAVAILABLE', message: 'IPVS is away', exit_code: 69 },
    });
    await own.document('/api/v1/services?service=fwmark:7', 503);
    own.failure = undefined;
    await own.clock.advance(2000);
    const { at } = await own.services();
    own.failure = new IpvstateError('UNAVAILABLE', 'IPVS is away');
    await own.clock.advance(2000);
    expect(await own.services()).toMatchObject({
      ...{ at, stale: true, reason: 'IPVS is away' },
      services: [{ live: true }, { live: true }],
    });
  });
});

describe('/api/v1/status', () => {
  const status = (own: ApiWorld): Promise<ApiStatus> => own.document('/api/v1/status');

  it('has the status, and reads nothing from the kernel', async () => {
    const own = await world();
    expect(await status(own)).toMatchObject({
      ...{ host: 'director1', status: own.status(), help: [], problems: [], doctor: null },
      ...{ waiting_plan: null, error_excerpt: null, try: null },
    });
    expect(own.reads).toEqual([]);
  });

  it('shows the warnings of the doctor, who looks every 5 minutes at most', async () => {
    const own = await world();
    own.warnings = [{ level: 'warning', title: 'a module is missing', hint: null }];
    await status(own);
    expect((await status(own)).doctor).toEqual(own.warnings);
    await own.clock.advance(299_999);
    await status(own);
    expect(own.looksOfDoctor).toBe(1);
    own.warnings = new Error('no /proc');
    await own.clock.advance(1);
    await status(own);
    expect(await status(own)).toMatchObject({ problems: [expect.stringContaining('no /proc')] });
    expect(own.looksOfDoctor).toBe(2);
  });

  it('shows a plan that a guard holds back, with the command that executes it', async () => {
    const own = await world();
    const desired = tableOf({});
    await own.write(desired);
    await own.clock.advance(1000);
    const { waiting_plan, help, status: shown } = await status(own);
    expect(shown.health).toBe('held');
    expect(waiting_plan).toContain(
      '- fwmark:7  rr, persistent 10m per /24  with its 1 destination',
    );
    expect(waiting_plan?.join('\n')).toContain('refused by guard');
    expect(help[0]?.command).toBe(`ipvstate approve ${shown.waiting?.plan}`);
  });

  it('shows the errors of invalid files with their source lines', async () => {
    const own = await world();
    own.texts = new Map([['c.yaml', 'version: 1\n\nservices: \u202e[\n']]);
    await own.write('nonsense');
    const { error_excerpt, help } = await status(own);
    expect(error_excerpt).toEqual([
      'c.yaml:3:7: error SYNTAX: this is no YAML',
      '3 | services: \\u202e[',
      '  |       ^',
    ]);
    expect(help).toMatchObject([{ command: 'ipvstate validate -f c.yaml' }]);
  });

  it('names no file for `validate` when the file is in etcd', () => {
    const files = [{ path: 'etcd:/prod@generation 2: a.yaml', sha256: null, problem: null }];
    expect(helpFor(statusOf({ health: 'invalid', files }), null)).toEqual([
      { command: 'ipvstate status', text: 'shows the error with its place' },
    ]);
    expect(helpFor(statusOf({ health: 'source-unreachable' }), null)).toMatchObject([
      { command: 'ipvstate reload' },
    ]);
  });

  it('shows a pending try with its end, and says when that cannot be read', async () => {
    const own = await world();
    const left = 90;
    own.pendingTry = {
      ...{ id: 'a', verb: 'try', started: own.wallTime().toISOString(), passes: [], pid: 1 },
      ...{ phase: 'waiting', timeoutSeconds: 120, boot: '', netns: '' },
      deadlineSeconds: own.clock.now() / 1000 + left,
    };
    const shown = await status(own);
    expect(shown.try).toMatchObject({ seconds_left: left, command: 'ipvstate confirm' });
    expect(Date.parse(shown.try?.until ?? '')).toBe(own.wallTime().getTime() + left * 1000);
    own.pendingTry = new IpvstateError('IO', 'try.json cannot be read');
    expect(await status(own)).toMatchObject({
      try: null,
      problems: ['try.json cannot be read: whether a try is pending is not known'],
    });
  });
});

describe('/api/v1/history', () => {
  it('asks for 20 runs, or for as many as the request says', async () => {
    const own = await world();
    expect(String((await own.ask('/api/v1/history')).body)).toContain('"limit":20');
    expect(String((await own.ask('/api/v1/history?limit=7')).body)).toContain('"limit":7');
    for (const limit of ['0', '201', '-1', '1e2', 'x', ''])
      expect(await own.ask(`/api/v1/history?limit=${limit}`)).toMatchObject({ status: 400 });
  });
});

describe('the pages below /api and the events', () => {
  it('answer as the manual shows', async () => {
    const shown = readBlocks(readDocument('src/manual/daemon.md')).flatMap(({ text }) => {
      const [, path, answer] = /^\$ curl -s '127\.0\.0\.1:9798(\S+)'\n(.*)$/s.exec(text) ?? [];
      return path === undefined ? [] : [{ path, answer }];
    });
    expect(shown).toHaveLength(1);
    const own = await world();
    for (const { path, answer } of shown) expect((await own.ask(path)).body).toBe(answer);
  });

  it('refuse the web pages of other sites, and nobody else', async () => {
    const own = await world();
    for (const path of ['/api/v1/status', '/api/v1/services', '/api/v1/history', '/events'])
      for (const site of ['cross-site', 'same-site'])
        expect(await own.ask(path, { 'sec-fetch-site': site })).toMatchObject({
          status: 403,
          body: expect.stringContaining('"code": "PERMISSION"'),
        });
    for (const site of ['same-origin', 'none'])
      expect(await own.ask('/api/v1/status', { 'sec-fetch-site': site })).toMatchObject({
        status: 200,
      });
    expect(own.reads).toEqual([]);
  });

  it('answer a bug with status 500, and go on', async () => {
    const own = await world();
    const { status } = own;
    own.status = () => {
      throw new TypeError('x is not a function');
    };
    expect(await own.document('/api/v1/status', 500)).toMatchObject({
      error: { code: 'INTERNAL', message: 'this is a bug: x is not a function' },
    });
    own.status = status;
    await own.document('/api/v1/status');
  });
});
