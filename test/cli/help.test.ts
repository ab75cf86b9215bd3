import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../../src/cli/verbs.ts';
import { PAGES, summaryOf } from '../../src/manual/pages.ts';
import { runCli } from '../support/run-cli.ts';

const folder = fileURLToPath(new URL('../../src/manual', import.meta.url));
const topics = Object.keys(PAGES);

describe('the topics of the manual', () => {
  it('are all pages of the manual', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.md'));
    expect(topics.map((topic) => `${topic}.md`).sort()).toEqual(files.sort());
    for (const [topic, page] of Object.entries(PAGES))
      expect(page).toBe(readFileSync(`${folder}/${topic}.md`, 'utf8'));
  });

  it('have other names than the verbs that this program describes itself', () => {
    expect(topics.filter((topic) => topic in VERBS)).toEqual([]);
  });

  it('are listed by help with their summaries, in lines of at most 80 columns', async () => {
    const { status, stdout } = await runCli(['help']);
    expect(status).toBe(0);
    expect(stdout.startsWith((await runCli(['--help'])).stdout)).toBe(true);
    const rows = stdout.split('\n').map((line) => line.trim().replace(/ {2,}/, ': '));
    for (const [topic, page] of Object.entries(PAGES))
      expect(rows).toContain(`${topic}: ${summaryOf(page)}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('help with a topic', () => {
  it.each(topics)('prints the page %s on stdout', async (topic) => {
    const { status, stdout, stderr } = await runCli(['help', topic]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^# [A-Z].*\n\n/);
    expect(stdout.endsWith('\n')).toBe(true);
  });

  it('prints headings in bold on a terminal', async () => {
    const { stdout } = await runCli(['help', 'plans'], { isTTY: true });
    expect(stdout.split('\n')[0]).toBe('\u001b[1mPlans and guards\u001b[0m');
    expect((await runCli(['help', 'plans', '--color', 'always'])).stdout).toBe(stdout);
  });

  it.each([
    { topic: 'configurations', hint: 'Did you mean "configuration"?' },
    { topic: 'exit-code', hint: 'Did you mean "exit-codes"?' },
    { topic: 'paln', hint: 'Did you mean "plan"?' },
    { topic: 'xyzzyxyzzy', hint: '`ipvstate help` lists the verbs and topics.' },
    { topic: 'toString', hint: expect.any(String) },
  ])('exits 64 for the unknown topic $topic and names the nearest', async ({ topic, hint }) => {
    const { status, stdout, stderr } = await runCli(['help', topic]);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    const [message, shown] = stderr.split('\n');
    expect(message).toBe(`ipvstate: there is no verb and no topic "${topic}"`);
    expect(shown?.trim()).toEqual(hint);
  });

  it.each([
    { LC_ALL: 'zh_CN.UTF-8', LC_MESSAGES: 'C', LANG: 'C' },
    { LC_ALL: '', LC_MESSAGES: 'zh_CN.utf8', LANG: 'en_GB.UTF-8' },
    { LANG: 'zh_CN' },
    { LANG: 'zh_TW.UTF-8' },
  ])('prints the page about ipvsadm in Chinese with %j', async (env) => {
    const { stdout } = await runCli(['help', 'ipvsadm'], { env });
    expect(stdout).toMatch(/^# ipvsadm 前端\n/);
    expect((await runCli(['help', 'plans'], { env })).stdout).toMatch(/^# Plans and guards\n/);
  });

  it.each([
    { LC_ALL: 'C', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'zh_CN.UTF-8' },
    { LC_MESSAGES: 'en_GB.UTF-8', LANG: 'zh_CN.UTF-8' },
    { LC_CTYPE: 'zh_CN.UTF-8' },
    { LANG: 'zh_CN.GBK' },
    { LANG: 'zho' },
    {},
  ])('prints the page about ipvsadm in English with %j', async (env) => {
    const { stdout } = await runCli(['help', 'ipvsadm'], { env });
    expect(stdout).toMatch(/^# The ipvsadm front end\n/);
  });
});
