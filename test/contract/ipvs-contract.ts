import { describe } from 'vitest';
import { readingClauses } from './reading.ts';
import { refusalClauses } from './refusals.ts';
import { settingsClauses } from './settings.ts';
import { clausesFor, type Subject } from './subject.ts';

/**
 * Tests what every implementation of the port `Ipvs` must do. The fake and the real kernel run the
 * same tests, so that the fake cannot drift from the kernel.
 */
export function describeIpvs(subject: Subject): void {
  describe(`an IPVS table (${subject.name})`, () => {
    clausesFor(subject, (clause) => {
      readingClauses(clause);
      settingsClauses(clause);
      refusalClauses(clause);
    });
  });
}
