import ci from './ci.md';
import commandLine from './command-line.md';
import configuration from './configuration.md';
import daemon from './daemon.md';
import directors from './directors.md';
import exitCodes from './exit-codes.md';
import healthChecks from './health-checks.md';
import importing from './importing.md';
import installing from './installing.md';
import ipvsadm from './ipvsadm.md';
import issueCodes from './issue-codes.md';
import library from './library.md';
import maintenance from './maintenance.md';
import operating from './operating.md';
import plans from './plans.md';
import replacingIpvsadm from './replacing-ipvsadm.md';
import requirements from './requirements.md';
import tryAndRollback from './try-and-rollback.md';
import chineseIpvsadm from './zh_CN/ipvsadm.md';

/** The pages of the manual by topic, in the order in which they are listed. */
export const PAGES: Readonly<Record<string, string>> = {
  'command-line': commandLine,
  configuration,
  plans,
  'try-and-rollback': tryAndRollback,
  daemon,
  'health-checks': healthChecks,
  directors,
  operating,
  maintenance,
  ci,
  importing,
  installing,
  requirements,
  ipvsadm,
  'replacing-ipvsadm': replacingIpvsadm,
  'exit-codes': exitCodes,
  'issue-codes': issueCodes,
  library,
};

/** The pages that exist in Chinese, by topic. */
const CHINESE_PAGES: Readonly<Record<string, string>> = { ipvsadm: chineseIpvsadm };

/** A locale for Chinese, unless it names another encoding than UTF-8. */
const CHINESE_LOCALE = /^zh(?:_[A-Z]+)?(?:\.utf-?8)?(?:@\w+)?$/i;

/** The page about a topic, in the language of a locale such as `zh_CN.UTF-8`, or in English. */
export function pageOf(topic: string, locale: string): string | undefined {
  const pages = CHINESE_LOCALE.test(locale) ? { ...PAGES, ...CHINESE_PAGES } : PAGES;
  return Object.hasOwn(pages, topic) ? pages[topic] : undefined;
}

/** The summary of a page: the sentence below its title. */
export function summaryOf(page: string): string {
  return page.split('\n\n')[1] ?? '';
}
