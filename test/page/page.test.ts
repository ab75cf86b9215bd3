import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { hasInvisible } from '../../src/model/printable.ts';
// @ts-expect-error A script of the tests, without types.
import { BROWSER_PROGRAMS, missingPrograms } from '../kernel/boot/debian.js';
import { startBrowser, type Visit, visit } from './browser.ts';
import { FixtureServer } from './fixture-server.ts';
import { LOOKS } from './looks.ts';
import { manyServices, SITE, serviceOf, servicesDocumentOf, statusDocumentOf } from './samples.ts';
import { SCENES, type Scene, sceneOf } from './states-of-health.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOP = 'tcp://192.0.2.10:443';

/** .ci/prepare.js installs the browser, or says how to. */
const isLeftOut =
  process.env.BROWSER === 'optional' && missingPrograms(BROWSER_PROGRAMS).length > 0;

let browser: Browser;
beforeAll(async () => {
  if (!isLeftOut) browser = await startBrowser();
});
afterAll(() => browser?.close());

async function open(
  scene: Partial<Scene>,
  options: Parameters<typeof visit>[2] = {},
): Promise<Visit> {
  const { status = statusDocumentOf(), services = SITE } = scene;
  const opened = await visit(
    browser,
    Object.assign(new FixtureServer(), { status, services }),
    options,
  );
  onTestFinished(opened.close);
  return opened;
}

/** The violations that axe finds, each with the element. */
async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ' ' + html + ' ' + failureSummary)))`,
  );
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).first().innerText();

/** The folder for pictures of the page: SHOTS=FOLDER node .ci/test.js unit page/page -t looks */
const { SHOTS } = process.env;

if (SHOTS !== undefined)
  it.each(LOOKS)('the page looks as the picture $name shows', async ({ name, scene, options }) => {
    const { page, problems } = await open(scene(), options);
    await page.locator('h2').first().waitFor();
    await page.clock.runFor(500);
    await page.screenshot({ path: join(SHOTS, `${name}.png`) });
    expect(problems).toEqual([]);
  });

describe.skipIf(isLeftOut)('the page', () => {
  it('says the health first, why, and which command helps, and follows each change', async () => {
    const { page, server, problems } = await open({});
    await page.getByRole('heading', { level: 1, name: 'In sync' }).waitFor();
    for (const name of Object.keys(SCENES)) {
      const { status, services } = sceneOf(name);
      server.send('status', status);
      server.send('services', servicesDocumentOf(services));
      const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`.replace('-', ' ');
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
      const verdict = (await textOf(page, '.verdict')).replaceAll('\n', ' ');
      for (const reason of status.status.why) expect(verdict).toContain(reason);
      for (const { command, text } of status.help) {
        expect(verdict).toContain(command);
        expect(verdict).toContain(text);
      }
      expect(await page.title()).toBe(`${title} · lb-1.example.net · ipvstate`);
    }
    expect(problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has no violation of accessibility, %s', async (scheme) => {
    const hash = `#/service/${SHOP}`;
    const { page, server } = await open(sceneOf('draining'), { colorScheme: scheme, hash });
    await page.getByRole('columnheader', { name: 'Destination' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    for (const name of ['unserved', 'held', 'invalid', 'in-sync']) {
      const { status, services } = sceneOf(name);
      server.send('status', status);
      server.send('services', servicesDocumentOf(services));
      await page
        .locator(`h1:text-is("${name.charAt(0).toUpperCase()}${name.slice(1).replace('-', ' ')}")`)
        .waitFor();
      expect(await violationsOf(page)).toEqual([]);
    }
  });

  it('is found to violate accessibility where it does', async () => {
    const { page } = await open({});
    await page.getByRole('heading', { level: 1, name: 'In sync' }).waitFor();
    await page.evaluate('document.querySelector("input").removeAttribute("aria-label")');
    await page.evaluate('document.querySelector("input").removeAttribute("placeholder")');
    expect((await violationsOf(page)).join()).toContain('label');
  });

  it('shows changed services, leaves out removed ones, and keeps the rest', async () => {
    const { page, server } = await open({});
    const rows = page.locator('.rows [role=row]');
    await expect.poll(() => rows.count()).toBe(SITE.length);
    const [first] = SITE;
    const changed = { ...first, name: 'renamed', plot: undefined, destinations_list: undefined };
    server.send('services', {
      ...servicesDocumentOf([]),
      services: [changed],
      removed: ['fwmark:100'],
    });
    await page.getByRole('button', { name: 'renamed' }).waitFor();
    expect(await rows.count()).toBe(SITE.length - 1);
    const row = page.locator('.row', { hasText: 'renamed' });
    expect(await row.locator('.sparkline path').first().getAttribute('d')).toMatch(/^M/);
  });

  it('says since when it is stale, and connects again by itself', async () => {
    const { page, server } = await open({});
    const freshness = page.locator('.freshness');
    await page.locator('.freshness.live').waitFor();
    const origin = new URL(page.url());
    await server.stop();
    await page.locator('.freshness.stale').waitFor();
    expect(await freshness.innerText()).toMatch(/^Stale since 12:30:\d\d/);
    await server.start(Number(origin.port));
    await page.locator('.freshness.live').waitFor();
  });

  it('says that it is stale when no event arrives', async () => {
    const { page, server } = await open({});
    await page.locator('.freshness.live').waitFor();
    server.isSilent = true;
    await page.clock.fastForward(15_000);
    await page.locator('.freshness.stale').waitFor();
  });

  it('says that the kernel cannot be read, and never that the table is empty', async () => {
    const { page, server } = await open({});
    await page.locator('.freshness.live').waitFor();
    const reading = { ...servicesDocumentOf([]), stale: true, reason: 'ip_vs is not loaded' };
    server.send('services', { ...reading, removed: [] });
    await page.getByText('ip_vs is not loaded').waitFor();
    expect(await page.locator('.freshness').innerText()).toContain('numbers are of');
    server.send('services', { ...reading, at: null });
    await page.locator('.services').waitFor({ state: 'detached' });
    expect(await page.locator('body').innerText()).not.toContain('no services');
  });

  it('follows a link to a service, and says when there is none', async () => {
    const { page } = await open({}, { hash: `#/service/${SHOP}` });
    const region = page.getByRole('region', { name: `Destinations of ${SHOP}` });
    await region.getByText('10.1.0.16:8443').waitFor();
    await page.evaluate("location.hash = '#/service/udp://192.0.2.53:53'");
    await page.getByRole('region', { name: 'Destinations of udp://192.0.2.53:53' }).waitFor();
    await page.evaluate("location.hash = '#/service/tcp://198.51.100.1:1'");
    await page.getByText('tcp://198.51.100.1:1 is not in the live table.').waitFor();
  });

  it('can be used with the keyboard alone', async () => {
    const { page } = await open({});
    await page.locator('.freshness.live').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('192.0.2.10');
    await expect.poll(() => page.locator('.rows [role=row]').count()).toBe(2);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.rows [role=row]').count()).toBe(SITE.length);
    await page.locator('[data-service]').first().focus();
    await page.keyboard.press('End');
    const focused = 'document.activeElement.dataset.service';
    await expect.poll(() => page.evaluate(focused)).toBe('tcp://[2001:db8::10]:443');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => page.evaluate(focused)).toBe('tcp://192.0.2.10:80');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Destinations of tcp://192.0.2.10:80' }).waitFor();
    expect(page.url()).toContain('#/service/tcp://192.0.2.10:80');
    await page.keyboard.press('Enter');
    await page.locator('.destinations').waitFor({ state: 'detached' });
  });

  it('filters by state, and sorts', async () => {
    const { page } = await open(sceneOf('unserved'));
    const first = page.locator('[data-service]').first();
    await expect.poll(() => first.innerText()).toContain('orders-db');
    await page.getByRole('button', { name: 'Contested 1' }).click();
    await expect.poll(() => page.locator('.rows [role=row]').count()).toBe(1);
    await page.getByRole('button', { name: 'All 12' }).click();
    await page.getByRole('button', { name: 'Conn/s' }).click();
    await expect.poll(() => first.innerText()).toContain('images');
    expect(await page.locator('[aria-sort=descending]').innerText()).toBe('Conn/s');
  });

  it('copies a command', async () => {
    const { page } = await open(sceneOf('held'));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy ipvstate approve' }).first().click();
    await page.getByRole('button', { name: 'Copy ipvstate approve' }).getByText('Copied').waitFor();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    expect(copied).toBe('ipvstate approve 7c9f1d2e4b60');
  });

  it('counts down a try', async () => {
    const { page } = await open(sceneOf('held'));
    const countdown = page.locator('.countdown');
    await countdown.waitFor();
    await page.clock.fastForward(60_000);
    await expect.poll(() => countdown.innerText()).toMatch(/^(3:0\d|2:5\d)$/);
  });

  it('shows hostile text as text', async () => {
    const hostile = '<img src=x onerror="alert(1)">\u202egnp.exe\u0007\u200b';
    const { page, problems } = await open(
      {
        status: statusDocumentOf(
          {
            health: 'failed',
            why: [hostile],
            files: [{ path: hostile, sha256: null, problem: hostile }],
          },
          { host: hostile, help: [{ command: hostile, text: hostile }], waiting_plan: [hostile] },
        ),
        services: [
          serviceOf({
            service: SHOP,
            name: hostile,
            rest: { notes: [hostile], scheduler: hostile },
            change: () => ({ notes: [hostile] }),
          }),
        ],
      },
      { hash: `#/service/${SHOP}` },
    );
    await page.getByRole('columnheader', { name: 'Destination' }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    const text = await page.locator('body').innerText();
    expect(text).toContain('<img src=x onerror="alert(1)">\\u202egnp.exe\\u0007\\u200b');
    expect(hasInvisible(text.replaceAll(/[\n\t\u00a0]/g, ' '))).toBe(false);
    expect(hasInvisible(await page.title())).toBe(false);
    expect(problems).toEqual([]);
  });

  it('is held to its policy', async () => {
    const { page, problems } = await open({});
    await page.locator('.freshness.live').waitFor();
    await page.evaluate(`document.body.append(Object.assign(document.createElement('script'),
      { textContent: 'window.ran = true' }))`);
    await expect.poll(() => problems.join()).toContain('Content Security Policy');
    expect(await page.evaluate('window.ran')).toBeUndefined();
  });

  it('keeps few of many services in the document, and scrolls to each', async () => {
    const services = manyServices(1000, 100);
    const { page, problems } = await open({ services }, { isTimeReal: true });
    await page.locator('.rows [role=row]').first().waitFor();
    const paint = await page.evaluate(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime",
    );
    process.stdout.write(`first paint of 1,000 services: ${Math.round(Number(paint))} ms\n`);
    expect(await page.locator('.rows [role=row]').count()).toBeLessThan(60);
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await page.getByRole('button', { name: 'tenant-1000' }).click();
    await page.locator('.destinations').getByText('10.1.0.110:8443').waitFor();
    expect(await page.locator('.destinations tbody tr').count()).toBe(100);
    await page.locator('[data-service]').last().focus();
    await page.keyboard.press('Home');
    const focused = 'document.activeElement.dataset.service';
    await expect.poll(() => page.evaluate(focused)).toBe(services[0]?.service);
    expect(problems).toEqual([]);
  });

  it.each(['unserved', 'draining', 'held', 'invalid'])(
    'needs no scrolling to the side at 360 pixels: %s',
    async (name) => {
      const { page } = await open(sceneOf(name), {
        viewport: { width: 360, height: 740 },
        hash: `#/service/${SHOP}`,
      });
      await page.getByRole('columnheader', { name: 'Destination' }).waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    },
  );

  it('shows the text of the status without JavaScript', async () => {
    const { page } = await open({}, { javaScriptEnabled: false });
    expect(await page.locator('noscript').innerText()).toContain('State:      in sync');
  });
});
