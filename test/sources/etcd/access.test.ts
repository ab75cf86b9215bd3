import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import {
  endFleetOverrides,
  readFleetOverrides,
  setFleetOverride,
} from '../../../src/sources/etcd/fleet-overrides.ts';
import { readCurrent } from '../../../src/sources/etcd/generation.ts';
import { revokeLease, secondsLeft } from '../../../src/sources/etcd/leases.ts';
import { pushGeneration } from '../../../src/sources/etcd/push.ts';
import { removeOldGenerations } from '../../../src/sources/etcd/remove-old.ts';
import { Certificate } from '../../support/certificates.ts';
import { FakeEtcd } from '../../support/fake-etcd.ts';
import { ETCD, RealEtcd } from '../../support/real-etcd.ts';

const PREFIX = '/ipvstate/prod';
const folder = mkdtempSync(join(tmpdir(), 'ipvstate-access-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const clientOf = (host: string, env: NodeJS.ProcessEnv) =>
  openEtcd({ hosts: [host], prefix: PREFIX }, env);

/** Reads a key, and returns the error with its hint. */
async function errorOf(host: string, env: NodeJS.ProcessEnv): Promise<string> {
  return clientOf(host, env)
    .get('/ipvstate/prod/current')
    .then(
      () => 'no error',
      (error: Error & { hint?: string }) => `${error.message} | ${error.hint}`,
    );
}

describe('the access to an etcd without TLS and users', () => {
  const etcd = new FakeEtcd();
  beforeAll(() => etcd.start().then(() => {}));
  afterAll(() => etcd.stop());

  it('names the variable that is wrong', async () => {
    const [certificate, other] = [new Certificate(), new Certificate()];
    onTestFinished(() => {
      for (const each of [certificate, other]) each.remove();
    });
    const { ca, cert, key } = certificate;
    const bad = write('bad.pem', '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
    const empty = write('empty', '\n');
    const user = { IPVSTATE_ETCD_USER: 'lb1' };
    const cases: readonly (readonly [NodeJS.ProcessEnv, string])[] = [
      [{ IPVSTATE_ETCD_CACERT: ca }, 'etcd is without TLS: unset IPVSTATE_ETCD_CACERT'],
      [{ IPVSTATE_ETCD_CERT: bad, IPVSTATE_ETCD_KEY: key }, 'IPVSTATE_ETCD_CERT and'],
      [{ IPVSTATE_ETCD_CERT: cert, IPVSTATE_ETCD_KEY: other.key }, 'is not the key of IPVSTATE'],
      [{ IPVSTATE_ETCD_CERT: cert }, 'IPVSTATE_ETCD_CERT is set, and IPVSTATE_ETCD_KEY is not'],
      [{ IPVSTATE_ETCD_KEY: key }, 'IPVSTATE_ETCD_KEY is set, and IPVSTATE_ETCD_CERT is not'],
      [{ IPVSTATE_ETCD_CACERT: '/none' }, '/none (IPVSTATE_ETCD_CACERT) does not exist'],
      [user, 'Set IPVSTATE_ETCD_PASSWORD_FILE'],
      [{ ...user, IPVSTATE_ETCD_PASSWORD_FILE: empty }, '(IPVSTATE_ETCD_PASSWORD_FILE) is empty'],
      [{ ...user, IPVSTATE_ETCD_PASSWORD_FILE: '/none' }, '/none (IPVSTATE_ETCD_PASSWORD_FILE)'],
    ];
    for (const [env, text] of cases) expect(await errorOf(etcd.host, env)).toContain(text);
  });

  it.each(['{}', '{"header":{}}', '[]', '<html>'])(
    'names a member that answers %s, and asks the next one',
    async (answer) => {
      const stranger = await new FakeEtcd().start();
      onTestFinished(() => stranger.stop());
      stranger.rawAnswer = answer;
      expect(await errorOf(stranger.host, {})).toBe(
        `etcd:${PREFIX} cannot be reached: ${stranger.host}: the answer is none of etcd | ` +
          'etcd 3.4 or later is needed, with its gRPC gateway enabled.',
      );
      const address = { hosts: [stranger.host, etcd.host], prefix: PREFIX };
      expect(await openEtcd(address, {}).get('/none')).toBeUndefined();
    },
  );

  it('has a new token when the roles were changed after the old one was given', async () => {
    etcd.user = { name: 'lb1', password: 's3cret' };
    const env = { IPVSTATE_ETCD_USER: 'lb1', IPVSTATE_ETCD_PASSWORD: 's3cret' };
    const client = clientOf(etcd.host, env);
    await client.get('/a');
    etcd.refusesOldTokens = { status: 500, code: 2, message: 'auth: revision in header is old' };
    expect(await client.get('/a')).toBeUndefined();
    etcd.refusesOldTokens = undefined;
    etcd.user = undefined;
  });
});

it.runIf(ETCD)('a certificate that etcd does not take is named in plain words', async () => {
  const [certificate, other] = [new Certificate(), new Certificate()];
  onTestFinished(() => {
    for (const each of [certificate, other]) each.remove();
  });
  const args = ['--client-cert-auth', '--trusted-ca-file', certificate.ca];
  const etcd = new RealEtcd({ certificate, args });
  onTestFinished(() => etcd.stop());
  await etcd.start();
  for (const own of [{}, { IPVSTATE_ETCD_CERT: other.cert, IPVSTATE_ETCD_KEY: other.key }]) {
    const text = await errorOf(etcd.host, { IPVSTATE_ETCD_CACERT: certificate.ca, ...own });
    expect(text).toMatch(/cannot be reached: 127\.0\.0\.1:\d+: TLS fails: [a-z0-9/ ]+ \| /);
    expect(text).toContain('a certificate: IPVSTATE_ETCD_CERT and IPVSTATE_ETCD_KEY. One that');
  }
});

describe.runIf(ETCD)('the access to an etcd with TLS and users', () => {
  const certificate = new Certificate();
  const rsa = { private: join(folder, 'private.pem'), public: join(folder, 'public.pem') };
  const keys = ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out'];
  execFileSync('openssl', [...keys, rsa.private], { stdio: 'ignore' });
  execFileSync('openssl', ['pkey', '-in', rsa.private, '-pubout', '-out', rsa.public]);
  // A token of this kind holds the revision of the roles.
  const token = `jwt,pub-key=${rsa.public},priv-key=${rsa.private},sign-method=RS256,ttl=10m`;
  const etcd = new RealEtcd({ certificate, args: ['--auth-token', token, '--bcrypt-cost', '4'] });
  const TLS = { IPVSTATE_ETCD_CACERT: certificate.ca };
  const as = (user: string, password = `${user}-s3cret`) => ({
    ...TLS,
    IPVSTATE_ETCD_USER: user,
    IPVSTATE_ETCD_PASSWORD_FILE: write(`password-${user}`, `${password}\n`),
  });
  const root = ['--user', 'root:root-s3cret'];
  beforeAll(() => etcd.start().then(() => {}));
  afterAll(async () => {
    await etcd.stop();
    certificate.remove();
  });

  const push = async (env: NodeJS.ProcessEnv, text = 'x') => {
    const client = clientOf(etcd.host, env);
    return pushGeneration(client, PREFIX, await readCurrent(client, PREFIX), {
      ...{ author: 'a@b', message: '', created: '2026-01-01T00:00:00Z' },
      files: [{ name: 'a.yaml', bytes: Buffer.from(text) }],
    });
  };

  it('names the variable that is missing or wrong', async () => {
    expect(await errorOf(etcd.host, {})).toContain(
      'When etcd asks for TLS: set IPVSTATE_ETCD_CACERT',
    );
    const other = new Certificate();
    expect(await errorOf(etcd.host, { IPVSTATE_ETCD_CACERT: other.ca })).toContain(
      '| IPVSTATE_ETCD_CACERT names the authority',
    );
    other.remove();
    expect(await errorOf(etcd.host, as('lb1'))).toContain('| etcd knows no users: unset IPVSTATE');
  });

  it('can be given with the commands of the manual, for each no more than it needs', async () => {
    const [, block = ''] =
      /```sh\n(etcdctl role[^`]*)```/.exec(readFileSync('src/manual/directors.md', 'utf8')) ?? [];
    expect(block).toContain('role add director');
    for (const line of block.replaceAll('\\\n', '').trim().split('\n')) {
      const [program, ...args] = line.split(/\s+/);
      expect(program).toBe('etcdctl');
      const isUser = args[0] === 'user' && args[1] === 'add';
      await etcd.etcdctl(...args, ...(isUser ? ['--new-user-password', `${args[2]}-s3cret`] : []));
    }
    await etcd.etcdctl('user', 'add', 'root', '--new-user-password', 'root-s3cret');
    await etcd.etcdctl('auth', 'enable');

    await expect(push(as('lb1'))).rejects.toMatchObject({
      message: expect.stringContaining('permission denied'),
      hint: expect.stringContaining('`ipvstate help directors`'),
    });
    for (const text of ['1', '2', '3', '4']) await push(as('ci'), text);
    expect(await removeOldGenerations(clientOf(etcd.host, as('ci')), PREFIX, 1)).toEqual([1, 2]);
    expect(await push(as('ci'), '5')).toMatchObject({ current: 5, manifest: { parent: 4 } });
    const director = clientOf(etcd.host, as('lb1'));
    expect(await readCurrent(director, PREFIX)).toMatchObject({ generation: 5 });
    for (const key of ['/ipvstate/prod0', '/ipvstate/pro', '/other'])
      for (const user of ['lb1', 'ci'])
        await expect(clientOf(etcd.host, as(user)).get(key)).rejects.toThrow('permission denied');
    await expect(director.put(`${PREFIX}/current`, Buffer.from(''))).rejects.toThrow('denied');
    expect(await errorOf(etcd.host, TLS)).toContain('| etcd asks who you are: set IPVSTATE_ETCD');
    const wrong = await errorOf(etcd.host, as('lb1', 'wr0ng'));
    expect(wrong).toContain('| Correct IPVSTATE_ETCD_USER and IPVSTATE_ETCD_PASSWORD_FILE.');
    expect(wrong).not.toContain('wr0ng');
  });

  it('lets an operator set overrides of the fleet, and a director read them only', async () => {
    const [operator, director] = [as('alice'), as('lb1')].map((env) => clientOf(etcd.host, env));
    if (!operator || !director) throw new Error('no clients');
    const about = { weight: 0, by: 'alice@ci', reason: '', until: null };
    const since = '2026-01-01T00:00:00Z';
    const override = { service: null, destination: '10.1.0.11', ...about, since };
    await setFleetOverride(operator, PREFIX, override, 600);
    const { overrides } = await readFleetOverrides(director, PREFIX);
    const [{ key = '', lease = '' } = {}] = overrides;
    expect(await secondsLeft(director, lease)).toBeGreaterThan(500);
    await expect(setFleetOverride(director, PREFIX, override, 60)).rejects.toThrow('denied');
    await expect(endFleetOverrides(director, [{ key, lease }])).rejects.toThrow('denied');
    await expect(revokeLease(director, lease)).rejects.toThrow('denied');
    for (const other of ['current', 'rollout-mark', 'nodes/lb1/member', 'overrides'])
      await expect(operator.put(`${PREFIX}/${other}`, Buffer.from(''))).rejects.toThrow('denied');
    await setFleetOverride(operator, PREFIX, override, null);
    expect(await secondsLeft(director, lease)).toBe(0);
    await endFleetOverrides(operator, (await readFleetOverrides(operator, PREFIX)).overrides);
    expect((await readFleetOverrides(director, PREFIX)).overrides).toEqual([]);
  });

  it('goes on when roles are changed, which makes all tokens too old', async () => {
    const director = clientOf(etcd.host, as('lb1'));
    await readCurrent(director, PREFIX);
    const grant = ['grant-permission', 'director', 'read', '/elsewhere'];
    await etcd.etcdctl(...root, 'role', ...grant);
    expect(await readCurrent(director, PREFIX)).toMatchObject({ generation: 5 });
    await etcd.etcdctl(...root, 'user', 'revoke-role', 'lb1', 'director');
    await expect(readCurrent(director, PREFIX)).rejects.toThrow('permission denied');
    await etcd.etcdctl(...root, 'user', 'grant-role', 'lb1', 'director');
    expect(await readCurrent(director, PREFIX)).toMatchObject({ generation: 5 });
  });

  it('ends when the certificate of etcd has expired, and goes on when it is renewed', async () => {
    const director = clientOf(etcd.host, as('lb1'));
    certificate.expire();
    await expect(readCurrent(director, PREFIX)).rejects.toMatchObject({
      message: expect.stringContaining('expired'),
      hint: expect.stringContaining('replace it'),
    });
    certificate.renew();
    expect(await readCurrent(director, PREFIX)).toMatchObject({ generation: 5 });
  });
});
