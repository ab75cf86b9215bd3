import ci from './ci.md';
import commandLine from './command-line.md';
import configuration from './configuration.md';
import daemon from './daemon.md';
import exitCodes from './exit-codes.md';
import importing from './importing.md';
import issueCodes from './issue-codes.md';
import library from './library.md';
import maintenance from './maintenance.md';
import operating from './operating.md';
import plans from './plans.md';
import replacingIpvsadm from './replacing-ipvsadm.md';
import requirements from './requirements.md';
import tryAndRollback from './try-and-rollback.md';

/** The pages of the manual by topic, in the order in which they are listed. */
export const PAGES: Readonly<Record<string, string>> = {
  'command-line': commandLine,
  configuration,
  plans,
  'try-and-rollback': tryAndRollback,
  daemon,
  operating,
  maintenance,
  ci,
  importing,
  requirements,
  'replacing-ipvsadm': replacingIpvsadm,
  'exit-codes': exitCodes,
  'issue-codes': issueCodes,
  library,
};

/** The summary of a page: the sentence below its title. */
export function summaryOf(page: string): string {
  return page.split('\n\n')[1] ?? '';
}
