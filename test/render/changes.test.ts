import { describe, expect, it } from 'vitest';
import { diff } from '../../src/plan/diff.ts';
import { type ChangesContext, formatChanges } from '../../src/render/changes.ts';
import { keyOf, type ServiceText, tableOf } from '../support/tables.ts';

type Services = Readonly<Record<string, ServiceText>>;

/** The text of the changes from one table to another. */
function changes(before: Services, after: Services, context: Partial<ChangesContext> = {}): string {
  const found = diff(tableOf(before), tableOf(after));
  return formatChanges(found, { counters: new Map(), ...context });
}

const SHOP = 'tcp://192.0.2.10:443';
const DNS = 'udp://192.0.2.53:53';

const where = { file: 'shop.yaml', line: 5, column: 3 };

describe('an edited service', () => {
  it('has each of several fields in a line of its own, and then the notes', () => {
    const text = changes(
      { [SHOP]: { scheduler: 'wlc', destinations: { '10.1.0.11:443': 1 } } },
      {
        [SHOP]: {
          ...{ scheduler: 'mh', schedulerFlags: 0x18, persistent: true },
          ...{ persistenceTimeoutSeconds: 600, destinations: { '10.1.0.11:443': 3 } },
        },
      },
      { names: new Map([[keyOf(SHOP), 'shop']]), locate: () => where },
    );
    expect(text.split('\n')).toEqual([
      `~ ${SHOP} "shop"  shop.yaml:5`,
      '      scheduler            wlc -> mh',
      '      scheduler_flags      none -> mh-fallback,mh-port',
      '      persistence.timeout  off -> 10m',
      '      new connections wait for some milliseconds',
      '    ~ 10.1.0.11:443  weight 1 -> 3',
      '',
    ]);
  });

  it('has no line of its own for the name of a file: it could forge a change', () => {
    const file = 'shop.yaml\n```\n- tcp://192.0.2.99:443';
    const text = changes(
      { [SHOP]: { scheduler: 'wlc' } },
      { [SHOP]: { scheduler: 'rr' } },
      { locate: () => ({ ...where, file }) },
    );
    const shown = 'shop.yaml\\u000a```\\u000a- tcp://192.0.2.99:443:5';
    expect(text.split('\n')).toEqual([expect.stringMatching(/^~ .* scheduler wlc -> rr /), '']);
    expect(text).toContain(`  ${shown}\n`);
  });

  it('has a single field in its own line', () => {
    const text = changes({ [SHOP]: { scheduler: 'wlc' } }, { [SHOP]: { scheduler: 'rr' } });
    expect(text).toMatch(`~ ${SHOP}  scheduler wlc -> rr`);
    expect(text.split('\n')).toHaveLength(2);
  });
});

describe('an edited destination', () => {
  const edit = (after: Parameters<typeof tableOf>[0]) =>
    changes({ [SHOP]: { destinations: { '10.1.0.11:443': 1 } } }, after);

  it('has a few fields in one line', () => {
    const destination = { weight: 3, upperThreshold: 100 };
    expect(edit({ [SHOP]: { destinations: { '10.1.0.11:443': destination } } })).toBe(
      `  ${SHOP}\n    ~ 10.1.0.11:443  weight 1 -> 3, upper_threshold 0 -> 100\n`,
    );
  });

  it('has one line for each field where they do not fit one line, and none that stays', () => {
    const destination = {
      ...({ weight: 3, upperThreshold: 100, lowerThreshold: 50 } as const),
      ...({ forward: 'tunnel', tunnelType: 'gue', tunnelPort: 6080 } as const),
    };
    const text = edit({ [SHOP]: { destinations: { '10.1.0.11:443': destination } } });
    expect(text.split('\n')).toEqual([
      `  ${SHOP}`,
      '    ~ 10.1.0.11:443',
      '          forward          route -> tunnel',
      '          weight           1 -> 3',
      '          upper_threshold  0 -> 100',
      '          lower_threshold  0 -> 50',
      '          tunnel.type      none -> gue',
      '          tunnel.port      none -> 6080',
      '',
    ]);
  });
});

describe('a deleted service', () => {
  const before = {
    [DNS]: {
      ...{ scheduler: 'rr', onePacket: true },
      destinations: { '10.1.0.53:53': { weight: 3, forward: 'masq' }, '10.1.0.54:53': 0 },
    },
  } as const;

  it('shows its settings and its destinations, which have no changes of their own', () => {
    expect(changes(before, {})).toBe(
      [
        `- ${DNS}  rr, one-packet  with its 2 destinations`,
        '    - 10.1.0.53:53  masq, weight 3',
        '    - 10.1.0.54:53  route, weight 0\n',
      ].join('\n'),
    );
  });

  it('shows where each of them was in a saved table', () => {
    const text = changes(
      before,
      {},
      {
        locateLive: (_, destination) => ({
          ...{ file: 'live.save', column: 1 },
          line: destination === undefined ? 4 : destination.endsWith('53:53') ? 5 : 6,
        }),
      },
    );
    expect(text.match(/live\.save:\d/g)).toEqual(['live.save:4', 'live.save:5', 'live.save:6']);
  });

  it('says that it has no destinations', () => {
    expect(changes({ 'fwmark:8': { scheduler: 'rr' } }, {})).toBe(
      '- fwmark:8  rr  it has no destinations\n',
    );
  });
});
