import { expect, test } from 'vitest';
import { looksLikeScript } from '../../src/formats/ipvsadm/looks-like-script.ts';

test.each([
  '-A -t 192.0.2.1:80',
  '#!/bin/sh\n\n  ipvsadm -C\n',
  '# saved\n-a -f 7 -r 10.0.0.1',
  'sudo /sbin/ipvsadm -A -f 1',
  '--add-service -f 1',
  '--start-daemon=master',
  '-Af1',
])('the text %j looks like a script', (text) => {
  expect(looksLikeScript(text)).toBe(true);
});

test.each([
  '',
  '# -A',
  'version: 1',
  '---\nversion: 1',
  '- a\n- b',
  '-1',
  '{"version": 1}',
  '-t 1',
  'ipvsadmin',
  '--version: 1\n',
  '%YAML 1.2',
])('the text %j does not look like a script', (text) => {
  expect(looksLikeScript(text)).toBe(false);
});
