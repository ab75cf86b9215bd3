import { expect, it } from 'vitest';
import { parseRequest } from '../../src/daemon/control/protocol.ts';
import { isOverrideRequest } from '../../src/plan/overrides/override-request.ts';

const SET = {
  kind: 'set',
  selector: { service: 'shop', destinations: ['10.1.0.11'] },
  weight: 0,
  rampSeconds: null,
  lastsSeconds: 3600,
  reason: 'kernel upgrade',
  owner: null,
  by: 'alice',
};
const END = { kind: 'end', selector: SET.selector, drainsOnly: true, owner: 'checker-1', by: 'a' };
const control = (request: unknown): string =>
  JSON.stringify({ command: 'override', request, allowUnserved: false });

it.each([SET, { ...SET, rampSeconds: 60, lastsSeconds: null }, END])(
  'a request is read from a line as it was written: %j',
  (request) => {
    expect(isOverrideRequest(request)).toBe(true);
    expect(parseRequest(control(request))).toEqual(JSON.parse(control(request)));
  },
);

it.each([
  { ...SET, kind: 'drain' },
  { ...SET, weight: -1 },
  { ...SET, weight: 2 ** 31 },
  { ...SET, weight: 1.5 },
  { ...SET, rampSeconds: 0 },
  { ...SET, lastsSeconds: 0 },
  { ...SET, lastsSeconds: 1e12 },
  { ...SET, reason: 'x\u001b[2J' },
  { ...SET, reason: 'x'.repeat(201) },
  { ...SET, owner: '' },
  { ...SET, owner: '../x\n' },
  { ...SET, by: '' },
  { ...SET, by: 'a\u202eb' },
  { ...SET, selector: { service: 7, destinations: [] } },
  { ...SET, selector: { service: null, destinations: [] } },
  { ...END, drainsOnly: 'yes' },
  { ...END, owner: undefined },
  null,
  [],
])('a request with a wrong member is refused: %j', (request) => {
  expect(isOverrideRequest(request)).toBe(false);
  expect(parseRequest(control(request))).toBe(
    'a part of the override is missing or has another form',
  );
});
