import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../src/daemon/page/documents.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatCountdown,
  formatShare,
  formatTime,
} from '../../src/daemon/page/format.ts';
import { addressOfRoute, routeOf } from '../../src/daemon/page/links.ts';
import { FIRST_STATE, follow } from '../../src/daemon/page/page-state.ts';
import { SITE, servicesDocumentOf } from './samples.ts';

const [SHOP] = SITE;
if (!SHOP) throw new Error('the site has no services');

describe('the state of the page', () => {
  const first = follow(FIRST_STATE, { kind: 'services', document: servicesDocumentOf(SITE) });

  it('keeps the plot of a service whose event has none', () => {
    const { plot: _, ...changed } = { ...SHOP, name: 'new' };
    const document = { ...servicesDocumentOf([]), services: [changed], removed: [] };
    const { services } = follow(first, { kind: 'services', document });
    expect(services?.get(SHOP.service)).toMatchObject({ name: 'new', plot: SHOP.plot });
    expect(services?.size).toBe(SITE.length);
  });

  it('forgets services that are gone, with their destinations', () => {
    const opened = follow(first, { kind: 'service', document: servicesDocumentOf([SHOP]) });
    expect(opened.details.size).toBe(1);
    const document = { ...servicesDocumentOf([]), removed: [SHOP.service] };
    const { services, details } = follow(opened, { kind: 'services', document });
    expect([services?.has(SHOP.service), details.size]).toEqual([false, 0]);
  });

  it('has no services while the kernel was never read, rather than none', () => {
    const document = { ...servicesDocumentOf([]), at: null, stale: true, reason: 'no ip_vs' };
    expect(follow(FIRST_STATE, { kind: 'services', document }).services).toBeNull();
  });

  it('is stale since the last event, until the next one', () => {
    const stale = follow(first, { kind: 'silence', since: 5 });
    expect(follow(stale, { kind: 'silence', since: 9 }).connection).toEqual({
      ...{ kind: 'stale', since: 5 },
    });
    const document = servicesDocumentOf(SITE);
    expect(follow(stale, { kind: 'services', document }).connection).toEqual({ kind: 'live' });
  });
});

describe('a document', () => {
  it('has no character that is not seen', () => {
    const hostile = { name: 'a\u202eb', list: ['\u0007', 'é', '\\u0007', 'a"\\"b'] };
    expect(parseDocument(JSON.stringify(hostile))).toEqual({
      ...{ name: 'a\\u202eb', list: ['\\u0007', 'é', '\\u0007', 'a"\\"b'] },
    });
  });
});

describe('a link to a service', () => {
  it.each(['tcp://192.0.2.1:80', 'udp://[2001:db8::53]:53', 'fwmark:7/ipv6', 'fwmark:7'])(
    'names %s',
    (address) => {
      expect(addressOfRoute(new URL(routeOf(address), 'http://localhost').hash)).toBe(address);
    },
  );

  it('names none when it is another or a broken one', () => {
    expect(['', '#services', '#/service/%E0%A4%A'].map(addressOfRoute)).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });
});

describe('numbers and times', () => {
  it.each([
    [formatCount(8331), '8,331'],
    [formatCount(1_234_567), '1.23 M'],
    [formatBytes(0), '0 B/s'],
    [formatBytes(999.4), '999 B/s'],
    [formatBytes(999.6), '1.00 kB/s'],
    [formatBytes(12_400_000), '12.4 MB/s'],
    [formatBytes(999_600), '1.00 MB/s'],
    [formatShare(0.004), '<1 %'],
    [formatShare(0), '0 %'],
    [formatAge(11_520), '3 h 12 min'],
    [formatAge(-1), '0 s'],
    [formatCountdown(245), '4:05'],
    [formatCountdown(3729), '1:02:09'],
    [formatTime('2026-05-04T12:11:04Z', new Date('2026-05-04T20:00:00Z')), '12:11:04'],
    [formatTime('2026-05-03T17:45:00Z', new Date('2026-05-04T20:00:00Z')), '3 May 17:45'],
    [formatTime('2025-05-03T17:45:00Z', new Date('2026-05-04T20:00:00Z')), '3 May 2025 17:45'],
  ])('are %s', (text, expected) => {
    expect(text).toBe(expected);
  });
});
