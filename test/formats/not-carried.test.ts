import { describe, expect, it } from 'vitest';
import { createNotCarried } from '../../src/formats/not-carried.ts';

const at = (line: number, file = 'k.conf') => ({ file, line, column: 3 });

describe('statements without a counterpart', () => {
  it('are one warning for each kind, at its first place, with the first hint', () => {
    const notCarried = createNotCarried();
    notCarried.add('HTTP_GET check', at(4), 'health checks are not part of a configuration');
    notCarried.add('quorum', at(5));
    notCarried.add('HTTP_GET check', at(9), 'another hint');
    expect(notCarried.issues()).toEqual([
      {
        code: 'NOT_CARRIED',
        severity: 'warning',
        message: 'not carried over: HTTP_GET check, 2 times (also at line 9)',
        position: at(4),
        hint: 'health checks are not part of a configuration',
      },
      {
        code: 'NOT_CARRIED',
        severity: 'warning',
        message: 'not carried over: quorum',
        position: at(5),
      },
    ]);
  });

  it('name some places, with the file where it is another one, and count the rest', () => {
    const notCarried = createNotCarried();
    for (let line = 1; line <= 8; line++) notCarried.add('quorum', at(line));
    notCarried.add('notify script', at(1));
    notCarried.add('notify script', at(7, 'd/b.conf'));
    expect(notCarried.issues().map(({ message }) => message)).toEqual([
      'not carried over: quorum, 8 times (also at line 2, line 3, line 4, line 5, 3 more)',
      'not carried over: notify script, 2 times (also at d/b.conf:7)',
    ]);
  });
});
