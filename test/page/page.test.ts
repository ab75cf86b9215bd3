import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { titleOf } from '../../src/daemon/page/states.ts';
import { hasInvisible } from '../../src/model/printable.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import {
  isLeftOut,
  openPort,
  useBrowser,
  type Visit,
  type VisitOptions,
  violationsOf,
} from './browser.ts';
import { FixtureServer } from './fixture-server.ts';
import { LOOKS } from './looks.ts';
import { manyServices, SITE, serviceOf, servicesDocumentOf, statusDocumentOf } from './samples.ts';
import { SCENES, type Scene, sceneOf } from './states-of-health.ts';

const SHOP = 'tcp://192.0.2.10:443';

const visit = useBrowser();

interface Opened extends Visit {
  readonly server: FixtureServer;
}

/** Opens the page of a server that a test leads. Its clock stands near that of the documents. */
async function open(scene: Partial<Scene>, options: VisitOptions = {}): Promise<Opened> {
  const { status = statusDocumentOf(), services = SITE } = scene;
  const server = Object.assign(new FixtureServer(), { status, services });
  const origin = await server.start();
  onTestFinished(() => server.stop());
  const visited = await visit(`${origin}/`, { time: status.at, ...options });
  return { ...visited, server };
}

/** Sends another scene to the page, and waits until the page shows it. */
async function change(page: Page, server: FixtureServer, name: string): Promise<Scene> {
  const scene = sceneOf(name);
  server.send('status', scene.status);
  server.send('services', servicesDocumentOf(scene.services));
  await page.getByRole('heading', { level: 1, name: titleOf(name), exact: true }).waitFor();
  return scene;
}

/** Sends readings of the last 10 minutes, which the plots of destinations are made of. */
function sendEarlierReadings(server: FixtureServer): void {
  for (let ago = 60; ago > 0; ago--) {
    const at = new Date(Date.parse(server.status.at) - ago * 10_000).toISOString();
    const services = server.services.map((one) => ({
      ...one,
      destinations_list: one.destinations_list.map(({ rates, ...row }, index) => ({
        ...row,
        rates: {
          ...rates,
          connections: rates.connections * (1 + Math.sin(ago / 4 + index) / 3),
          in_bytes: rates.in_bytes * (1 + Math.cos(ago / 7 + index) / 3),
        },
      })),
    }));
    server.send('service', { ...servicesDocumentOf(services.slice(0, 1)), at });
  }
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).first().innerText();

/** The folder for pictures of the page: SHOTS=FOLDER node .ci/test.js unit page/page -t picture */
const { SHOTS } = process.env;

if (SHOTS !== undefined)
  it.each(LOOKS)('the page looks as the picture $name shows', async ({ name, scene, options }) => {
    const { page, server, problems } = await open(scene(), options);
    await page.locator('h2').first().waitFor();
    if (options?.hash) sendEarlierReadings(server);
    await page.clock.runFor(500);
    await page.screenshot({ path: join(SHOTS, `${name}.png`) });
    expect(problems).toEqual([]);
  });

describe.skipIf(isLeftOut)('the page', () => {
  it('says the health first, why, and which command helps, and follows each change', async () => {
    const { page, server, problems } = await open({});
    await page.getByRole('heading', { level: 1, name: 'In sync' }).waitFor();
    for (const name of Object.keys(SCENES)) {
      const { status } = await change(page, server, name);
      const verdict = (await textOf(page, '.verdict')).replaceAll('\n', ' ');
      for (const reason of status.status.why) expect(verdict).toContain(reason);
      for (const { command, text } of status.help) {
        expect(verdict).toContain(command);
        expect(verdict).toContain(text);
      }
      expect(await page.title()).toBe(`${titleOf(name)} · lb-1.example.net · ipvstate`);
    }
    expect(problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has no violation of accessibility, %s', async (scheme) => {
    const hash = `#/service/${SHOP}`;
    const { page, server } = await open(sceneOf('draining'), { colorScheme: scheme, hash });
    await page.getByRole('columnheader', { name: 'Destination' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    for (const name of ['unserved', 'held', 'invalid', 'in-sync']) {
      await change(page, server, name);
      expect(await violationsOf(page)).toEqual([]);
    }
  });

  it('says what health checks found of each destination, and since when', async () => {
    const { page, problems } = await open(sceneOf('panic'), { hash: `#/service/${SHOP}` });
    await page.getByRole('columnheader', { name: 'Destination' }).waitFor();
    const text = (await textOf(page, '.destinations')).replaceAll(/\s+/g, ' ');
    expect(text).toMatch(
      /10\.1\.0\.11:8443 unhealthy .*weight 0 in place of 100.*, since \d\d:28:59/,
    );
    expect(text).toMatch(
      /10\.1\.0\.12:8443 panic .*left in because too many are: connection refused/,
    );
    expect(await violationsOf(page)).toEqual([]);
    expect(problems).toEqual([]);
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
    await expect.poll(() => page.title()).toBe('Stale · lb-1.example.net · ipvstate');
    expect(await violationsOf(page)).toEqual([]);
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

  it('asks for the documents while the daemon takes no more streams', async () => {
    const server = Object.assign(new FixtureServer(), { services: SITE, isFull: true });
    const origin = await server.start();
    onTestFinished(() => server.stop());
    const hash = `#/service/${SHOP}`;
    const { page } = await visit(`${origin}/`, { time: server.status.at, hash });
    await page.getByRole('heading', { level: 1, name: 'In sync' }).waitFor();
    await page.getByRole('region', { name: `Destinations of ${SHOP}` }).waitFor();
    server.status = sceneOf('held').status;
    await page.clock.runFor(6000);
    await page.getByRole('heading', { level: 1, name: 'Held' }).waitFor();
    server.isFull = false;
    await page.clock.runFor(6000);
    await expect.poll(() => server.clients).toBe(1);
    server.send('status', sceneOf('invalid').status);
    await page.getByRole('heading', { level: 1, name: 'Invalid' }).waitFor();
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
    const { page, server } = await open({}, { hash: `#/service/${SHOP}` });
    const region = page.getByRole('region', { name: `Destinations of ${SHOP}` });
    await region.getByText('10.1.0.16:8443').waitFor();
    // The page draws the rates of destinations as it follows them.
    const later = { ...servicesDocumentOf(SITE.slice(0, 1)), at: '2026-05-04T12:31:00.000Z' };
    server.send('service', later);
    const line = region.locator('.sparkline path').first();
    await expect.poll(() => line.getAttribute('d')).toMatch(/^M.*M/);
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
    const { page, problems } = await open({ services }, { time: undefined });
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

  it('keeps each cell within the list, whatever the width', async () => {
    const { page } = await open(sceneOf('unserved'));
    await page.locator('.rows [role=row]').first().waitFor();
    for (const width of [700, 900, 1200, 1310, 1330, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      const overlaps = await page.evaluate(`[...document.querySelectorAll('.rows [role=cell]')]
        .filter((cell) => cell.getBoundingClientRect().right >
          document.querySelector('.list').getBoundingClientRect().right).length`);
      expect({ width, overlaps }).toEqual({ width, overlaps: 0 });
    }
  });

  it('needs no scrolling to the side at 360 pixels', async () => {
    const options = { viewport: { width: 360, height: 740 }, hash: `#/service/${SHOP}` };
    const { page, server } = await open(sceneOf('draining'), options);
    await page.getByRole('columnheader', { name: 'Destination' }).waitFor();
    for (const name of ['draining', 'unserved', 'held', 'invalid']) {
      await change(page, server, name);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    }
  });

  it('shows the text of the status without JavaScript', async () => {
    const { page } = await open({}, { javaScriptEnabled: false });
    expect(await page.locator('noscript').innerText()).toContain('State:      in sync');
  });

  it('of an exported table needs nothing but its file', async () => {
    const table = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 7 } } });
    const openKernel = async () => openEmbeddedTable(table);
    const { stdout } = await runCli(['export', '-o', 'html'], { openKernel });
    const file = join(temporaryFolder(), 'ticket.html');
    writeFileSync(file, stdout);
    const { page, problems } = await visit(pathToFileURL(file).href);
    await page.getByRole('heading', { level: 1, name: 'Live table' }).waitFor();
    await page.getByRole('button', { name: 'tcp://192.0.2.1:80' }).click();
    expect(await textOf(page, '.destinations tbody tr')).toMatch(
      /^10\.0\.0\.1:80\s+unknown\s+route\s+7/,
    );
    expect(await textOf(page, '.verdict')).toContain(
      'Not known: whether the table is as the files',
    );
    expect(await page.locator('.freshness').innerText()).toMatch(/^Snapshot of \d+ \w{3} \d{4}/);
    expect(await violationsOf(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('of a daemon follows its files, its kernel and its overrides', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'ipvs.yaml');
    const write = (text: string): void => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    const table = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 7 } } });
    write(formatConfig(table));
    const kernel = openMisbehavingTable(tableOf({}));
    const args = ['-f', file, '--interval', '20ms', '--debounce', '20ms'];
    const daemon = new DaemonInProcess(join(folder, 'daemon'), args, async () => kernel);
    onTestFinished(async () => void (await daemon.stop()));
    await daemon.start();
    const address = await openPort(daemon.httpSocket);
    const hash = '#/service/tcp://192.0.2.1:80';
    const { page, problems } = await visit(address, { hash });
    const heading = (name: string) => page.getByRole('heading', { level: 1, name });
    await heading('In sync').waitFor();
    const row = page.locator('.destinations tbody tr').first();
    await expect.poll(() => row.innerText()).toMatch(/^10\.0\.0\.1:80\s+ok\s+\w+\s+7/);
    await daemon.run('drain', 'tcp://192.0.2.1:80', '10.0.0.1', '--allow-unserved');
    await expect.poll(() => row.innerText()).toMatch(/overridden\s+\w+\s+0/);
    write('version: 1\nservicse: []\n');
    await heading('Invalid').waitFor();
    await page.locator('pre', { hasText: 'servicse' }).waitFor();
    expect(problems).toEqual([]);
    const { stdout } = await daemon.run('export', '-o', 'html');
    writeFileSync(join(folder, 'ticket.html'), stdout);
    const ticket = await visit(pathToFileURL(join(folder, 'ticket.html')).href, { hash });
    await ticket.page.getByRole('heading', { level: 1, name: 'Invalid' }).waitFor();
    await ticket.page.locator('pre', { hasText: 'servicse' }).waitFor();
    expect(await textOf(ticket.page, '.destinations tbody tr')).toMatch(/overridden\s+\w+\s+0/);
    expect(await violationsOf(ticket.page)).toEqual([]);
    expect(ticket.problems).toEqual([]);
  });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
