import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import { DestinationDecoder } from '../../src/kernel/netlink/decode-destination.ts';
import { decodeService } from '../../src/kernel/netlink/decode-service.ts';
import { decodeDaemon, decodeFamilyId, decodeInfo, decodeTimeouts } from '../../src/kernel/netlink/decode-settings.ts';
import { DESTINATION_STATS, decodeStats, SERVICE_STATS } from '../../src/kernel/netlink/decode-stats.ts';
import type { Destination } from '../../src/model/destination.ts';
import { type ServiceIdentity, serviceFamily } from '../../src/model/service.ts';
import {
  daemonArbitrary,
  destinationArbitrary,
  serviceArbitrary,
  serviceIdentityArbitrary,
  timeoutsArbitrary,
} from '../support/arbitrary-table.ts';
import { keyOf, serviceOf, servicesOf } from '../support/tables.ts';
import { encoded, inside, viewOf } from './messages.ts';

const services = serviceIdentityArbitrary.chain(serviceArbitrary);
const destinations = serviceIdentityArbitrary.chain((identity) =>
  fc.record({ service: fc.constant(identity), destination: destinationArbitrary(identity) }),
);
const daemons = fc.oneof(daemonArbitrary('master'), daemonArbitrary('backup'));

function decoderAt(service: ServiceIdentity, destination: Destination): DestinationDecoder {
  const decoder = new DestinationDecoder(serviceFamily(service), 'k');
  decoder.read(...inside(encoded({ kind: 'add-destination', service, destination }), 2));
  return decoder;
}

const GUE = {
  forward: 'tunnel',
  weight: 7,
  upperThreshold: 9,
  lowerThreshold: 3,
  tunnelType: 'gue',
  tunnelPort: 6080,
  tunnelChecksum: 'csum',
} as const;

const DESTINATION_FIELDS: readonly (readonly [keyof Destination, unknown])[] = [
  ['address', '10.0.0.2'],
  ['address', '10.0.1.1'],
  ['address', '2001:db8::1'],
  ['port', 81],
  ['forward', 'route'],
  ['weight', 8],
  ['upperThreshold', 10],
  ['lowerThreshold', 4],
  ['tunnelType', 'gre'],
  ['tunnelPort', 6081],
  ['tunnelChecksum', 'none'],
];

describe('decoding what was encoded', () => {
  test('gives the same service', () => {
    fc.assert(
      fc.property(services, (service) => {
        expect(decodeService(...inside(encoded({ kind: 'add-service', service }), 1))).toEqual(service);
      }),
    );
  });

  test('gives the same destination', () => {
    fc.assert(
      fc.property(destinations, ({ service, destination }) => {
        expect(decoderAt(service, destination).destination()).toEqual(destination);
      }),
    );
  });

  test('knows a destination from every other one', () => {
    const pairs = serviceIdentityArbitrary.chain((service) => {
      const one = destinationArbitrary(service);
      const like = (destination: Destination) =>
        fc
          .record({ weight: fc.nat(9), upperThreshold: fc.nat(9), lowerThreshold: fc.nat(9) })
          .map((settings) => ({ ...destination, ...settings }));
      return fc.record({ service: fc.constant(service), destination: one, other: fc.oneof(one, one.chain(like)) });
    });
    let equal = 0;
    fc.assert(
      fc.property(pairs, fc.boolean(), ({ service, destination, other }, isOther) => {
        const known = isOther ? other : { ...destination };
        const isSame = isDeepStrictEqual(known, destination);
        if (isSame) equal++;
        expect(decoderAt(service, destination).is(known)).toBe(isSame);
      }),
    );
    expect(equal).toBeGreaterThan(20);
  });

  test.each(DESTINATION_FIELDS)('tells apart what differs in the %s alone', (field, value) => {
    const service = serviceOf('fwmark:1').identity;
    const [destination] =
      servicesOf({ 'fwmark:1': { destinations: { '10.0.0.1:80': GUE } } })
        .get(keyOf('fwmark:1'))
        ?.destinations.values() ?? [];
    if (!destination) throw new Error('no destination');
    const decoder = decoderAt(service, destination);
    expect(decoder.is(destination)).toBe(true);
    expect(decoder.is({ ...destination, [field]: value })).toBe(false);
  });

  test('gives the same daemon', () => {
    fc.assert(
      fc.property(daemons, (daemon) => {
        expect(decodeDaemon(...inside(encoded({ kind: 'start-daemon', daemon }), 3))).toEqual(daemon);
      }),
    );
  });

  test('gives the same timeouts', () => {
    fc.assert(
      fc.property(timeoutsArbitrary, (timeouts) => {
        const message = encoded({ kind: 'set-timeouts', timeouts });
        expect(decodeTimeouts(viewOf(message), 20, message.length)).toEqual(timeouts);
      }),
    );
  });
});

describe('decoding bytes that the kernel would not send', () => {
  const decoders: ((message: Buffer) => unknown)[] = [
    (bytes) => decodeService(viewOf(bytes), 0, bytes.length),
    (bytes) => {
      const decoder = new DestinationDecoder('ipv6', 'k');
      decoder.read(viewOf(bytes), 0, bytes.length);
      return decoder.destination();
    },
    (bytes) => decodeDaemon(viewOf(bytes), 0, bytes.length),
    (bytes) => decodeTimeouts(viewOf(bytes), 0, bytes.length),
    (bytes) => decodeInfo(viewOf(bytes), 0, bytes.length),
    (bytes) => decodeFamilyId(viewOf(bytes), 0, bytes.length),
    (bytes) => decodeStats(viewOf(bytes), 0, bytes.length, SERVICE_STATS),
    (bytes) => decodeStats(viewOf(bytes), 0, bytes.length, DESTINATION_STATS),
  ];
  const bodies = fc.oneof(
    services.map((service) => encoded({ kind: 'add-service', service }).subarray(24)),
    destinations.map((pair) => {
      const [bytes, start, end] = inside(encoded({ kind: 'add-destination', ...pair }), 2);
      return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    }),
    daemons.map((daemon) => encoded({ kind: 'start-daemon', daemon }).subarray(24)),
  );
  const mutations = fc.array(fc.tuple(fc.nat({ max: 200 }), fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 16 }))), { maxLength: 4 });

  test('returns a value or throws one typed error, and never reads past the end', () => {
    const outcomes = { returned: 0, thrown: 0 };
    fc.assert(
      fc.property(bodies, mutations, fc.nat({ max: 250 }), (body, changes, cut) => {
        // A copy of its own size: reading past it would be a RangeError.
        const bytes = Buffer.from(new Uint8Array(body.subarray(0, Math.max(0, body.length - (cut > 200 ? cut - 200 : 0)))));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const exact = Buffer.from(new Uint8Array(bytes).buffer);
        for (const decode of decoders) {
          try {
            decode(exact);
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
});
