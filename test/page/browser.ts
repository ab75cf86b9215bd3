import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
// @ts-expect-error A script of the tests, without types.
import { BROWSER_PROGRAMS, missingPrograms } from '../kernel/boot/debian.js';

const PROGRAM = '/usr/bin/chromium';

/** .ci/prepare.js installs the browser, or says how to. */
export const isLeftOut =
  process.env.BROWSER === 'optional' && missingPrograms(BROWSER_PROGRAMS).length > 0;

/** Has a browser while the tests of a file run. Returns the function that opens a page in it. */
export function useBrowser(): (address: string, options?: VisitOptions) => Promise<Visit> {
  let browser: Browser;
  beforeAll(async () => {
    if (!isLeftOut) browser = await startBrowser();
  });
  afterAll(() => browser?.close());
  return (address, options) => visit(browser, address, options);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The violations that axe finds, each with the element. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ' ' + html + ' ' + failureSummary)))`,
  );
}

/** Starts Debian's Chromium. As root it has no sandbox, and containers have a small /dev/shm. */
function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

/** A page, and all that went wrong in it. */
export interface Visit {
  readonly page: Page;
  /** Messages of the console, errors, violations of the policy, and requests to other hosts. */
  readonly problems: string[];
}

export interface VisitOptions extends BrowserContextOptions {
  /** A link to a part of the page. */
  readonly hash?: string;
  /** The time that the page takes for now. undefined: the real one. */
  readonly time?: string | undefined;
}

/** Opens a page until the end of the test. */
async function visit(
  browser: Browser,
  address: string,
  { hash = '', time, ...options }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    timezoneId: 'UTC',
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  if (time !== undefined) await page.clock.install({ time });
  const problems: string[] = [];
  page.on('console', (message) => problems.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith('data:')) problems.push(`asked ${url}`);
  });
  await page.goto(address + hash);
  return { page, problems };
}

/** Opens a port to the Unix socket of a daemon, for a browser. Returns its address. */
export async function openPort(socket: string): Promise<string> {
  const server = createServer((client) => {
    const daemon = connect(socket);
    client.on('error', () => daemon.destroy()).pipe(daemon);
    daemon.on('error', () => client.destroy()).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
