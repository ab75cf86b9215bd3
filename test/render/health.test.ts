import { describe, expect, it } from 'vitest';
import { formatHealth, type HealthDocument, type HealthRow } from '../../src/render/health.ts';
import { formatWarnings } from '../../src/render/warnings.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';

const SHOP = keyOf('tcp://192.0.2.10:80');

const rowOf = (address: string, reason: string): HealthRow => ({
  ...{ service: SHOP, name: 'shop', destination: destinationKeyOf(address) },
  ...{ check: 'http /healthz', healthy: false, damped: false, since: '2026-05-04T11:59:00.000Z' },
  last_answer: { verdict: 'bad', reason, at: '2026-05-04T12:00:00.000Z', latency_seconds: 0.001 },
});

const documentOf = (
  destinations: readonly HealthRow[],
  effects: HealthDocument['effects'] = [],
): HealthDocument => ({
  ...{ format: 'ipvstate-health', version: 1, time: '2026-05-04T12:00:00.000Z' },
  ...{ destinations, effects },
});

describe('the table of health checks', () => {
  it('has a last answer that does not fit into 80 columns on a line of its own', () => {
    const rows = [
      rowOf('10.1.0.11:8443', 'HTTP 503'),
      rowOf('10.1.0.12:8443', 'HTTP 200, without the text that is expected'),
    ];
    expect(
      formatHealth(documentOf(rows)),
    ).toBe(`  Destination     Check          State      Since  Latency  Last answer
shop (tcp://192.0.2.10:80)
  10.1.0.11:8443  http /healthz  unhealthy  1m     1.0 ms   HTTP 503
  10.1.0.12:8443  http /healthz  unhealthy  1m     1.0 ms
      HTTP 200, without the text that is expected
`);
  });

  it('fits into 80 columns with an answer of any length, and shows nothing invisible', () => {
    const text = formatHealth(
      documentOf(
        [rowOf('10.1.0.11:80', `no ${'such thing '.repeat(20)}\u202e\n\u001b[31mred`)],
        [
          {
            ...{ service: SHOP, destination: destinationKeyOf('10.1.0.99:80') },
            ...{ effect: 'fallback', weight: 1, own_weight: 0, reason: '', seconds: 5 },
          },
        ],
      ),
    );
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toContain('\\u202e\\u000a\\u001b[31mred');
    expect(text).toContain('10.1.0.99:80 of tcp://192.0.2.10:80: takes the traffic');
  });
});

describe('a warning', () => {
  it('is broken between words for 80 columns, and shows nothing invisible', () => {
    const text =
      'health keeps 10.1.0.14:80 of tcp://192.0.2.10:80 at weight 0, as the daemon found it: ' +
      'no \u001b[31mroute';
    expect(formatWarnings({ warnings: [text, 'short'] })).toBe(
      'warning: health keeps 10.1.0.14:80 of tcp://192.0.2.10:80 at weight 0, as the\n' +
        '    daemon found it: no \\u001b[31mroute\n' +
        'warning: short\n',
    );
  });
});
