import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ipvsadmOptions } from '../../src/cli/explain/ipvsadm-options.ts';
import { MAPPINGS } from '../../src/config/config.ts';
import {
  type ConfigKey,
  findConfigKey,
  type SchemaNode,
  type UnknownKey,
} from '../../src/config/schema/config-key.ts';
import { DESTINATION_ATTRIBUTES } from '../../src/model/destination.ts';
import { SERVICE_ATTRIBUTES } from '../../src/model/service.ts';
import { DAEMON_ATTRIBUTES } from '../../src/model/settings.ts';

const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as SchemaNode;

function keyAt(path: string): ConfigKey {
  const found = findConfigKey(schema, path);
  if (!('schema' in found)) throw new Error(`${path} is unknown at ${found.word}`);
  return found;
}

function unknown(path: string): UnknownKey {
  const found = findConfigKey(schema, path);
  if ('schema' in found) throw new Error(`${path} is known`);
  return found;
}

/** Every key of the file with the path that leads to it. Profiles and pools get the name `x`. */
function allPaths(parent = ''): string[] {
  const { keys } = keyAt(parent);
  return keys.flatMap(({ name }) => {
    const path = parent === '' ? name : `${parent}.${name}`;
    return [path, ...allPaths(['profiles', 'pools'].includes(path) ? `${path}.x` : path)];
  });
}

const PATHS = allPaths();

describe('a path to a key of the configuration', () => {
  it('leads to every key that messages name, with a description', () => {
    const words = new Set(PATHS.map((path) => path.replace(/.*\./, '')));
    const named = Object.values(MAPPINGS).flatMap(({ keys }) => keys);
    expect(named.filter((key) => !words.has(key))).toEqual([]);
    expect(PATHS.length).toBeGreaterThan(100);
    for (const path of PATHS) {
      expect(keyAt(path).schema.description, path).toMatch(/\.$/);
      expect(keyAt(path).schema.type ?? keyAt(path).schema.const, path).toBeDefined();
    }
  });

  it('may have indexes of lists, which mean nothing', () => {
    const plain = keyAt('services.destinations.weight');
    expect(keyAt('services[0].destinations[12].weight')).toEqual(plain);
    expect(keyAt('services[].destinations[].weight')).toEqual(plain);
  });

  it('may name any profile, pool or sysctl', () => {
    expect(keyAt('profiles.web.persistence.netmask').schema.description).toContain('clients');
    expect(keyAt('pools.eu.tunnel.port').schema.maximum).toBe(65_535);
    expect(keyAt('sysctls.values.any').schema.type).toContain('boolean');
  });

  it('tells the keys that are required', () => {
    const required = PATHS.filter((path) => keyAt(path).isRequired);
    expect(required).toEqual(
      expect.arrayContaining(['version', 'services', 'services.address', 'sync_daemons.role']),
    );
    expect(required).not.toContain('services.scheduler');
  });

  it('that is misspelt has the nearest key, also of a mapping inside', () => {
    expect(unknown('servces')).toMatchObject({ parent: [], word: 'servces', near: ['services'] });
    expect(unknown('services.sched').near).toEqual(['scheduler']);
    expect(unknown('services.wieght')).toMatchObject({
      parent: ['services'],
      near: ['destinations', 'weight'],
    });
    expect(unknown('timeouts.zzzzzzzz').near).toBeUndefined();
    expect(unknown('services.scheduler.x')).toMatchObject({ keys: [], near: undefined });
  });

  it.each(['constructor', '__proto__', 'services.toString'])('finds no key %s', (path) => {
    expect(unknown(path)).toBeDefined();
  });
});

describe('the default of a key', () => {
  it.each([
    ['services', SERVICE_ATTRIBUTES],
    ['services.destinations', DESTINATION_ATTRIBUTES],
    ['sync_daemons', DAEMON_ATTRIBUTES],
  ] as const)('in %s is that of the attribute', (parent, rows) => {
    for (const { name, default: own } of rows) {
      const { default: shown } = keyAt(`${parent}.${name}`).schema;
      // Persistence is off by default. Its keys have the defaults for when it is on.
      if (shown === undefined || name.startsWith('persistence.')) continue;
      expect(shown, name).toEqual(name === 'scheduler_flags' ? [] : own);
    }
    expect(keyAt('services.scheduler').schema.default).toBe('wlc');
  });

  it('is a value that the schema allows, and the one that the description names', () => {
    for (const path of PATHS) {
      const { default: shown, description = '', enum: values } = keyAt(path).schema;
      if (shown === undefined) continue;
      if (values) expect(values, path).toContain(shown);
      const said = /Default: (\S+)\.(?: |$)/.exec(description)?.[1];
      if (said !== undefined && said !== 'nothing') expect(String(shown), path).toBe(said);
    }
  });
});

describe('the options of ipvsadm for a key', () => {
  const options = (path: string): string[] => ipvsadmOptions({ path: path.split('.') });

  it.each([
    ['services.scheduler', ['-s, --scheduler']],
    ['profiles.x.persistence', ['-p, --persistent']],
    ['defaults.persistence.netmask', ['-M, --netmask']],
    ['pools.x.weight', ['-w, --weight']],
    ['services.destinations.tunnel.port', ['--tun-port']],
    ['services.destinations.forward', ['-g, --gatewaying', '-i, --ipip', '-m, --masquerading']],
    ['sync_daemons.port', ['--mcast-port']],
    ['services.name', []],
    ['manage.include.port', []],
    ['services.drain.timeout', []],
  ])('%s are %j', (path, expected) => {
    expect(options(path)).toEqual(expected);
  });

  it('exist for every attribute that has one', () => {
    for (const { name, option } of [...SERVICE_ATTRIBUTES, ...DESTINATION_ATTRIBUTES])
      if (option !== undefined)
        expect(options(`services.destinations.${name}`), name).not.toEqual([]);
  });
});
