import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { FixtureServer } from './fixture-server.ts';

const PROGRAM = '/usr/bin/chromium';

/** Starts Debian's Chromium. As root it has no sandbox, and containers have a small /dev/shm. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

/** A page, and all that went wrong in it. */
export interface Visit {
  readonly page: Page;
  readonly server: FixtureServer;
  /** Messages of the console, errors, violations of the policy, and requests to other hosts. */
  readonly problems: string[];
  close(): Promise<void>;
}

interface VisitOptions extends BrowserContextOptions {
  readonly hash?: string;
  /** True when the clock of the page is not that of the sample documents. */
  readonly isTimeReal?: boolean;
}

/** Opens the page of a server. */
export async function visit(
  browser: Browser,
  server: FixtureServer,
  options: VisitOptions = {},
): Promise<Visit> {
  const origin = await server.start();
  const context = await browser.newContext({
    timezoneId: 'UTC',
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  if (!options.isTimeReal) await page.clock.install({ time: '2026-05-04T12:30:00.000Z' });
  const problems: string[] = [];
  page.on('console', (message) => problems.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) problems.push(`asked ${url}`);
  });
  await page.goto(`${origin}/${options.hash ?? ''}`);
  return {
    page,
    server,
    problems,
    close: async () => {
      await context.close();
      await server.stop();
    },
  };
}
