import { describe } from 'vitest';
import { readingClauses } from './reading.ts';
import { refusalClauses } from './refusals.ts';
import { settingsClauses } from './settings.ts';
import { clausesFor, type Subject } from './subject.ts';

/** What every implementation of the port `Ipvs` does. One suite, so that a fake cannot drift from the kernel. */
export function describeIpvs(subject: Subject): void {
  describe(`the contract of an IPVS table: ${subject.name}`, () => {
    clausesFor(subject, (clause) => {
      readingClauses(clause);
      settingsClauses(clause);
      refusalClauses(clause);
    });
  });
}
