import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import { decodeDestination } from '../../src/kernel/netlink/decode-destination.ts';
import { decodeService } from '../../src/kernel/netlink/decode-service.ts';
import {
  decodeDaemon,
  decodeFamilyId,
  decodeInfo,
  decodeTimeouts,
} from '../../src/kernel/netlink/decode-settings.ts';
import { decodeStats, decodeStats64 } from '../../src/kernel/netlink/decode-stats.ts';
import type { Address } from '../../src/model/address.ts';
import { NO_CONNECTIONS } from '../../src/model/ipvs.ts';
import {
  daemonArbitrary,
  destinationArbitrary,
  serviceArbitrary,
  serviceIdentityArbitrary,
  timeoutsArbitrary,
} from '../support/arbitrary-table.ts';
import { serviceOf } from '../support/tables.ts';
import { attributesOf, encoded, nestOf, readerOf } from './messages.ts';

const SERVICE_NEST = 1;
const DEST_NEST = 2;
const DAEMON_NEST = 3;
const NEST_HEADERS = 24;

const services = serviceIdentityArbitrary.chain(serviceArbitrary);
const destinations = services.chain((service) =>
  fc.record({ service: fc.constant(service), destination: destinationArbitrary(service.identity) }),
);
const daemons = fc.oneof(daemonArbitrary('master'), daemonArbitrary('backup'));

describe('the decoders', () => {
  test('decode an encoded service to the same service', () => {
    fc.assert(
      fc.property(services, (service) => {
        const decoded = decodeService(
          nestOf(encoded({ kind: 'add-service', service }), SERVICE_NEST),
          false,
        );
        expect(decoded).toEqual({ service, stats: undefined });
      }),
    );
  });

  test('decode an encoded destination to the same destination', () => {
    fc.assert(
      fc.property(destinations, ({ service, destination }) => {
        const message = encoded({
          kind: 'add-destination',
          service: service.identity,
          destination,
        });
        expect(decodeDestination(nestOf(message, DEST_NEST), service, false)).toEqual({
          destination,
          connections: NO_CONNECTIONS,
          stats: undefined,
        });
      }),
    );
  });

  test('decode an encoded sync daemon to the same sync daemon', () => {
    fc.assert(
      fc.property(daemons, (daemon) => {
        expect(
          decodeDaemon(nestOf(encoded({ kind: 'start-daemon', daemon }), DAEMON_NEST)),
        ).toEqual(daemon);
      }),
    );
  });

  test('decode an IPv6 group of a sync daemon', () => {
    const group = 'ff02::5' as Address;
    const daemon = {
      role: 'master',
      interface: 'eth0',
      syncId: 1,
      maxLength: 1400,
      group,
      port: 8848,
      ttl: 1,
    } as const;
    expect(decodeDaemon(nestOf(encoded({ kind: 'start-daemon', daemon }), DAEMON_NEST))).toEqual(
      daemon,
    );
  });

  test('decode encoded timeouts to the same timeouts', () => {
    fc.assert(
      fc.property(timeoutsArbitrary, (timeouts) => {
        expect(decodeTimeouts(attributesOf(encoded({ kind: 'set-timeouts', timeouts })))).toEqual(
          timeouts,
        );
      }),
    );
  });

  test('ignore attributes with unknown types', () => {
    const timeouts = { tcp: 1, tcpFin: 2, udp: 3 };
    const unknown = Buffer.from('0600ff3f01020000', 'hex');
    const known = encoded({ kind: 'set-timeouts', timeouts }).subarray(20);
    expect(decodeTimeouts(readerOf(Buffer.concat([unknown, known, unknown])))).toEqual(timeouts);
  });

  test('return a value or throw PROTOCOL for damaged bytes, and never read past the end', () => {
    const ipv6 = serviceOf('fwmark:1/ipv6');
    const decoders: ((bytes: Buffer) => unknown)[] = [
      (bytes) => decodeService(readerOf(bytes), false),
      (bytes) => decodeService(readerOf(bytes), true),
      (bytes) => decodeDestination(readerOf(bytes), ipv6, false),
      (bytes) => decodeDestination(readerOf(bytes), ipv6, true),
      (bytes) => decodeDaemon(readerOf(bytes)),
      (bytes) => decodeTimeouts(readerOf(bytes)),
      (bytes) => decodeInfo(readerOf(bytes)),
      (bytes) => decodeFamilyId(readerOf(bytes)),
      (bytes) => decodeStats(readerOf(bytes)),
      (bytes) => decodeStats64(readerOf(bytes)),
    ];
    const bodies = fc.oneof(
      services.map((service) => encoded({ kind: 'add-service', service }).subarray(NEST_HEADERS)),
      destinations.map(({ service, destination }) => {
        const whole = encoded({ kind: 'add-destination', service: service.identity, destination });
        const key = encoded({ kind: 'delete-service', service: service.identity });
        return whole.subarray(key.length + NEST_HEADERS - 20);
      }),
      daemons.map((daemon) => encoded({ kind: 'start-daemon', daemon }).subarray(NEST_HEADERS)),
    );
    const mutations = fc.array(
      fc.tuple(fc.nat({ max: 200 }), fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 16 }))),
      { maxLength: 4 },
    );
    const outcomes = { returned: 0, thrown: 0 };
    fc.assert(
      fc.property(bodies, mutations, fc.nat({ max: 250 }), (body, changes, cut) => {
        const length = Math.max(0, body.length - (cut > 200 ? cut - 200 : 0));
        // The bytes have a buffer of their own size, so that reading past the end is a RangeError.
        const bytes = Buffer.from(new Uint8Array(body.subarray(0, length)).buffer);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        for (const decode of decoders) {
          try {
            decode(bytes);
            outcomes.returned++;
          } catch (error) {
            expect(error).toBeInstanceOf(IpvstateError);
            expect(error).toMatchObject({ code: 'PROTOCOL' });
            outcomes.thrown++;
          }
        }
      }),
      { numRuns: 1000 },
    );
    expect(outcomes.returned).toBeGreaterThan(100);
    expect(outcomes.thrown).toBeGreaterThan(100);
  });

  test.each([
    ['an attribute that is longer than its type', '0a000400 010000000000'],
    ['an attribute that is shorter than its type', '06000400 0100'],
    ['an attribute that claims more bytes than there are', '09000400 01000000'],
    ['an attribute that is shorter than its header', '03000400'],
    ['a rest that is too short for a header', '08000400 01000000 0800'],
  ])('refuse %s', (_damage, digits) => {
    const bytes = Buffer.from(digits.replaceAll(' ', ''), 'hex');
    expect(() => decodeTimeouts(readerOf(bytes))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    );
  });
});
