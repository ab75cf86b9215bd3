import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FleetAnswer } from '../../src/daemon/page/fleet/fleet-documents.ts';
import { hasInvisible } from '../../src/model/printable.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
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
import { answerOf, FLEETS, manyNodes, nodeOf } from './fleet-samples.ts';

const TIME = '2026-05-04T12:30:00.000Z';

const visit = useBrowser();

interface Opened extends Visit {
  readonly server: FixtureServer;
}

async function open(fleet: FleetAnswer, options: VisitOptions = {}): Promise<Opened> {
  const server = Object.assign(new FixtureServer(), { fleet });
  const origin = await server.start();
  onTestFinished(() => server.stop());
  const hash = `fleet${options.hash ?? ''}`;
  return { ...(await visit(`${origin}/`, { time: TIME, ...options, hash })), server };
}

const headingOf = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });

/** Shows another fleet, as soon as the page asks. */
async function change(page: Page, server: FixtureServer, fleet: FleetAnswer): Promise<void> {
  server.fleet = fleet;
  await page.clock.runFor(2500);
}

const namesOf = async (page: Page): Promise<string> =>
  (await page.locator('.nodes tbody th a').allInnerTexts()).join(' ');

const { SHOTS } = process.env;
const LOOKS: Record<string, BrowserContextOptions> = {
  fleet: {},
  'fleet-dark': { colorScheme: 'dark' },
  'fleet-narrow': { viewport: { width: 360, height: 900 } },
  'fleet-wide': { viewport: { width: 3840, height: 2160 } },
};

if (SHOTS !== undefined)
  it.each(Object.entries(LOOKS))(
    'the pictures of the fleet are made, %s',
    async (name, options) => {
      for (const [scene, fleet] of Object.entries({ ...FLEETS, many: manyNodes(200) })) {
        const { page, problems } = await open(fleet, options);
        await page.locator('.nodes').waitFor();
        await page.screenshot({ path: join(SHOTS, `${name}-${scene}.png`) });
        expect(problems).toEqual([]);
      }
    },
  );

describe.skipIf(isLeftOut)('the page of the fleet', () => {
  it('says the verdict first, why, and which command helps, and follows each change', async () => {
    const { page, server, problems } = await open(FLEETS['all-in-sync']);
    await headingOf(page, 'All in sync').waitFor();
    expect(await page.title()).toBe('All in sync · /ipvstate/prod · ipvstate');
    await change(page, server, FLEETS['rolling-out']);
    await headingOf(page, 'Rolling out: wave 2 of 3').waitFor();
    await page.getByText('lb3, away: the next wave waits for it').waitFor();
    await change(page, server, FLEETS.halted);
    await headingOf(page, 'Halted').waitFor();
    await page.getByRole('button', { name: 'Copy ipvstate fleet resume etcd://' }).waitFor();
    expect(await page.title()).toBe('Halted · /ipvstate/prod · ipvstate');
    expect(problems).toEqual([]);
  });

  it('has a row for each director, with all that its report says', async () => {
    const { page } = await open(FLEETS['not-in-sync']);
    await page.locator('.nodes').waitFor();
    const text = (await page.locator('.nodes').innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toContain('lb1 this director on lb1.example.net in sync 7 0.3.0 now 2 overrides');
    expect(text).toContain('30-shop.yaml:4:7: unknown key "servicse"');
    expect(text).toContain('plan 7c9f1d2e4b60 is held back: 5 changes');
    expect(text).toMatch(/lb4 on lb4\.example\.net stopped 6 0\.3\.0 18 min(?: \d+ s)? ago/);
    expect(text).toContain('2 daemons report under this name: on director-5, director-9');
    expect(text).toContain('its report cannot be read: etcd:/ipvstate/prod/reports/lb6');
    expect(text).toContain('lb7 never reported – – never');
    const overrides = await page.getByRole('complementary').innerText();
    expect(overrides.replaceAll(/\s+/g, ' ')).toBe(
      'Overrides1 10.1.0.11 of every service weight 0 by alice@ci until 14:30:00: new kernel ' +
        'in effect on 1 of 3 not on lb2: tcp://192.0.2.10:443 would have no usable server ' +
        'not on lb4: not yet',
    );
  });

  it('says since when etcd is away, and keeps the directors from before', async () => {
    const { page, server } = await open(FLEETS['all-in-sync']);
    await headingOf(page, 'All in sync').waitFor();
    await change(page, server, FLEETS['etcd-is-away']);
    await headingOf(page, 'etcd is away').waitFor();
    expect(await page.locator('.freshness').innerText()).toBe('etcd is away since 12:21:04');
    expect(await namesOf(page)).toBe('lb1 lb2 lb3 lb4 lb5');
  });

  it('says that it is stale when the daemon is away, and goes on when it is back', async () => {
    const { page, server } = await open(FLEETS['all-in-sync']);
    await page.locator('.freshness.live').waitFor();
    server.fleet = undefined;
    await page.clock.runFor(2500);
    await page.locator('.freshness.stale').waitFor();
    expect(await page.locator('.freshness').innerText()).toMatch(/^Stale since 12:30:/);
    await change(page, server, FLEETS['all-in-sync']);
    await page.locator('.freshness.live').waitFor();
  });

  it('asks nothing while nobody sees it', async () => {
    const { page, server } = await open(FLEETS['all-in-sync']);
    await page.locator('.freshness.live').waitFor();
    await page.evaluate(`Object.defineProperty(document, 'hidden', { get: () => window.isAway });
      window.isAway = true`);
    await page.clock.runFor(2500);
    const asked = server.fleetQuestions;
    await page.clock.runFor(20_000);
    expect(server.fleetQuestions).toBe(asked);
    await page.evaluate(`window.isAway = false;
      document.dispatchEvent(new Event('visibilitychange'))`);
    await expect.poll(() => server.fleetQuestions).toBe(asked + 1);
  });

  it('filters by words and by state, sorts, and leads from a link to a director', async () => {
    const fleet = manyNodes(200);
    const { page, server } = await open(fleet, { hash: '#/node/site-9-lb3' });
    const linked = page.locator('.nodes tr.open');
    await linked.waitFor();
    expect(await linked.innerText()).toContain('site-9-lb3');
    const bottom = "document.querySelector('tr.open').getBoundingClientRect().bottom";
    expect(await page.evaluate(`${bottom} > 0 && ${bottom} <= innerHeight`)).toBe(true);
    await page.getByRole('button', { name: 'Away 20' }).click();
    expect(await page.locator('.nodes tbody tr').count()).toBe(20);
    await page.keyboard.press('/');
    await page.keyboard.type('site-3-');
    await expect.poll(() => namesOf(page)).toBe('site-3-lb10 site-3-lb20');
    await page.getByRole('searchbox').press('Escape');
    await page.getByRole('button', { name: 'All 200' }).click();
    await page.getByLabel('Sort by').selectOption('name');
    expect(await namesOf(page)).toMatch(/^site-1-lb1 site-1-lb2 site-1-lb3 /);
    await page.evaluate("location.hash = '#/node/nobody'");
    await page.getByText('nobody is not in the fleet.').waitFor();
    await change(page, server, answerOf({ nodes: [] }));
    await headingOf(page, 'No directors').waitFor();
  });

  it.each(['light', 'dark'] as const)('has no violation of accessibility, %s', async (scheme) => {
    const { page, server } = await open(FLEETS['all-in-sync'], { colorScheme: scheme });
    for (const fleet of [FLEETS.halted, FLEETS['not-in-sync'], FLEETS['etcd-is-away']]) {
      await change(page, server, fleet);
      expect(await violationsOf(page)).toEqual([]);
    }
  });

  it('needs no scrolling to the side, whatever the width', async () => {
    const { page, server } = await open(FLEETS['not-in-sync']);
    for (const width of [360, 480, 700, 900, 1310, 3840]) {
      await page.setViewportSize({ width, height: 800 });
      for (const fleet of Object.values(FLEETS)) {
        await change(page, server, fleet);
        const needed = await page.evaluate('document.documentElement.scrollWidth');
        expect({ width, needed }).toEqual({ width, needed: width });
      }
    }
  });

  it('shows hostile text as text', async () => {
    const hostile = '<img src=x onerror="alert(1)">\u202egnp.exe\u0007\u200b';
    const error = { message: hostile, position: { file: hostile, line: 1, column: 1 } };
    const { page, problems } = await open(
      answerOf(
        { nodes: [nodeOf('lb1', { host: hostile, health: hostile, why: [hostile], error })] },
        { stale: true, reason: hostile, since: TIME },
      ),
    );
    await page.locator('.nodes').waitFor();
    expect(await page.locator('img').count()).toBe(0);
    const text = await page.locator('body').innerText();
    expect(text).toContain('<img src=x onerror="alert(1)">\\u202egnp.exe\\u0007\\u200b');
    expect(hasInvisible(text.replaceAll(/[\n\t\u00a0]/g, ' '))).toBe(false);
    expect(problems).toEqual([]);
  });

  it('shows the text of the fleet without JavaScript', async () => {
    const { page } = await open(FLEETS['all-in-sync'], { javaScriptEnabled: false });
    expect(await page.locator('noscript').innerText()).toContain('lb1  in-sync');
  });

  it('of a daemon follows etcd, and leads to the page of its table', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-page-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const etcd = await new FakeEtcd().start();
    onTestFinished(() => etcd.stop());
    const from = `etcd://${etcd.host}/prod`;
    const file = join(folder, 'shop.yaml');
    const args = ['-f', from, '--node', 'lb1', '--interval', '50ms', '--debounce', '20ms'];
    const kernel = async () => openMisbehavingTable(tableOf({}), {});
    const daemon = new DaemonInProcess(join(folder, 'daemon'), args, kernel);
    onTestFinished(async () => void (await daemon.stop()));
    writeFileSync(file, 'version: 1\nservices: []\n');
    await daemon.run('push', '-f', file, '--to', from);
    await daemon.start();
    const address = await openPort(daemon.httpSocket);
    const { page, problems } = await visit(address);
    await page.getByRole('link', { name: 'Fleet' }).click();
    await headingOf(page, 'All in sync').waitFor();
    expect(await page.locator('nav [aria-current=page]').innerText()).toBe('Fleet');
    expect(await namesOf(page)).toBe('lb1');
    writeFileSync(file, 'version: 1\nservices: []\n# more\n');
    await daemon.run('push', '-f', file, '--to', from);
    await page.getByText('1 of 1 director has generation 2.').waitFor();
    await page.getByRole('link', { name: 'Table' }).click();
    await headingOf(page, 'In sync').waitFor();
    expect(problems).toEqual([]);
  });

  it('is no link of the page of a daemon that follows files', async () => {
    const server = new FixtureServer();
    const origin = await server.start();
    onTestFinished(() => server.stop());
    const { page } = await visit(`${origin}/`, { time: TIME });
    await page.locator('.freshness.live').waitFor();
    expect(await page.getByRole('link', { name: 'Fleet' }).count()).toBe(0);
  });
});
