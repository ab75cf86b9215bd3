import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import schema from '../../schemas/status.schema.json' with { type: 'json' };
import validation from '../../schemas/validation.schema.json' with { type: 'json' };
import { isStatus } from '../../src/daemon/status/parse-status.ts';
import { HEALTHS } from '../../src/daemon/status/status.ts';
import { formatHealth, formatStatus } from '../../src/daemon/status/status-text.ts';
import { formatClock } from '../../src/render/overrides.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';
import { statusOf } from './statuses.ts';

const local = (time: string): string => formatClock(new Date(time), new Date());

describe('the status as text', () => {
  it('is short while the daemon is in sync', () => {
    expect(formatStatus(statusOf())).toBe(`State:      in sync: the live table is as desired
Daemon:     pid 42, version 1.2.3, drift: correct, since
            2026-05-04T11:00:00.000Z
File:       a.yaml e3b0c44298fc
Watch:      inotify
Desired:    2 services, 1 destination, valid since 2026-05-04T12:00:00.000Z
`);
  });

  it('has lines of at most 80 columns, and cuts no word', () => {
    const path = `/etc/${'x'.repeat(90)}.yaml`;
    const why = ['the plan deletes 5 of 6 services, and at most 1 may be deleted at a time here'];
    const files = [{ path, sha256: null, problem: 'does not exist' }];
    const text = formatStatus(statusOf({ health: 'contested', why, files }));
    expect(text).toContain(
      '            the plan deletes 5 of 6 services, and at most 1 may be deleted at a\n' +
        '            time here\n',
    );
    expect(text).toContain(`File:       ${path}\n            does not exist\n`);
  });

  it('shows the place of an error, and the plan to approve with its command', () => {
    const text = formatStatus(
      statusOf({
        health: 'held',
        files: [{ path: 'a.yaml', sha256: null, problem: 'does not exist' }],
        config: {
          ...statusOf().config,
          valid: false,
          last_success: null,
          error: {
            since: 'T1',
            code: 'UNKNOWN_KEY',
            message: 'no such key',
            hint: 'did you mean "weight"?',
            position: { file: 'a.yaml', line: 3, column: 5 },
          },
        },
        last_pass: {
          at: 'T2',
          trigger: 'files',
          outcome: 'refused',
          exit_code: 3,
          changes: 4,
          operations: 0,
          seconds: 0.0123,
        },
        waiting: {
          plan: '4f2a',
          since: 'T2',
          refusals: [
            { guard: 'empty', message: 'the plan leaves no service at all', flag: '--allow-empty' },
          ],
          changes: ['- tcp://192.0.2.1:80'],
        },
        drains: [{ service: 'fwmark:7', destination: '10.0.0.1:80', seconds_left: 90 }],
        contested: [{ object: 'fwmark:8', reversals: 3 }],
        watch: { mode: 'poll', reason: 'inotify is exhausted' },
      }),
    );
    expect(text).toBe(`State:      stopped by a guard: nothing is written
Daemon:     pid 42, version 1.2.3, drift: correct, since
            2026-05-04T11:00:00.000Z
File:       a.yaml does not exist
Watch:      poll: inotify is exhausted
Desired:    2 services, 1 destination, never valid yet
Config:     a.yaml:3:5: no such key [UNKNOWN_KEY], since T1
            did you mean "weight"?
Last pass:  refused (exit code 3), 0 operations in 12 ms, trigger: files, at T2
Waiting:    plan 4f2a, since T2; \`ipvstate approve 4f2a\` executes it
            refused by guard empty: the plan leaves no service at all
            - tcp://192.0.2.1:80
Drains:     10.0.0.1:80 of fwmark:7, at most 1m30s more
Contested:  fwmark:8: changed back by another program 3 times
`);
  });

  it.each([
    {
      pause: { reason: 'kernel upgrade', until: '2026-05-04T13:00:00.000Z', services: null },
      says: `Paused:     by alice, since ${local('2026-05-04T12:00:00.000Z')}, until ${local('2026-05-04T13:00:00.000Z')}: kernel
            upgrade
            the daemon writes nothing; \`ipvstate resume\` ends the pause
            commands by hand, such as \`apply\` and \`drain\`, still write
`,
    },
    {
      pause: { reason: null, until: null, services: ['a', 'b', 'c', 'd', 'e', 'f'] },
      says: `Paused:     by alice, since ${local('2026-05-04T12:00:00.000Z')}, without an end
            6 services left alone: a, b, c, d, e, ...; \`ipvstate resume\` ends
            the pause
`,
    },
  ])('says who paused what, until when, and which command ends that: $pause', ({ pause, says }) => {
    const since = '2026-05-04T12:00:00.000Z';
    const paused = { who: 'alice', since, seconds_left: null, ...pause };
    const status = statusOf({ health: 'paused', why: ['alice paused the daemon'], paused });
    expect(formatStatus(status)).toContain(says);
    expect(formatHealth(status)).toBe(
      'paused: the live table is as desired, and what is paused is left as it is: alice paused the daemon',
    );
    expect(isStatus(status)).toBe(true);
    const { paused: _, ...ofAnEarlierVersion } = status;
    expect(isStatus(ofAnEarlierVersion)).toBe(true);
    expect(isStatus({ ...status, paused: { ...paused, since: 5 } })).toBe(false);
  });

  it.each([
    ['2026-05-04T12:00:00.000Z', 'the last valid one stays in force'],
    [null, 'nothing is written until it is valid'],
  ])('says what an invalid configuration leads to when one was last valid at %s', (time, says) => {
    const config = { ...statusOf().config, valid: false, last_success: time };
    const status = statusOf({ health: 'invalid', config });
    expect(formatHealth(status)).toBe(`the configuration is invalid; ${says}`);
    expect(formatStatus(status)).toContain(`State:      the configuration is invalid; ${says}\n`);
  });
});

describe('what health does, in the status', () => {
  it('names five destinations in lines of 80 columns, and says how to see the others', () => {
    const effects = Array.from({ length: 7 }, (_, index) => ({
      ...{ service: keyOf('tcp://192.0.2.10:443'), effect: 'out' as const },
      destination: destinationKeyOf(`10.1.0.${index + 11}:8443`),
      ...{ weight: 0, own_weight: 100, reason: 'connection refused\u001b[31m', seconds: 61 },
    }));
    const text = formatStatus(statusOf({ health_effects: effects }));
    expect(text).toContain(
      'Checked:    10.1.0.11:8443 of tcp://192.0.2.10:443: unhealthy for 1m1s, weight 0\n' +
        '            in place of 100: connection refused\\u001b[31m\n',
    );
    expect(text).toContain('Checked:    and 2 more: `ipvstate health` shows them\n');
    expect(text.match(/^Checked:/gm)).toHaveLength(6);
    const checked = text.slice(text.indexOf('Checked:')).split('\n');
    expect(checked.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('the status as JSON', () => {
  const isStatus = new Ajv({ strict: false, validateFormats: false })
    .addSchema(validation)
    .compile(schema);

  it('has the form that its schema describes', () => {
    const error = {
      ...{ since: 'T1', code: 'UNKNOWN_KEY', message: 'no such key', hint: null },
      position: { file: 'a.yaml', line: 3, column: 5 },
    };
    for (const status of [
      statusOf(),
      statusOf({ error, config: { ...statusOf().config, last_success: null, error } }),
    ])
      expect({ isValid: isStatus(status), errors: isStatus.errors }).toEqual({
        isValid: true,
        errors: null,
      });
    expect(isStatus({ ...statusOf(), health: 'fine' })).toBe(false);
    expect(schema.properties.health.enum).toEqual(HEALTHS);
  });
});
