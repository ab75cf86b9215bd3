import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { OTHER_NODE } from '../../src/model/node.ts';
import { configs } from '../support/arbitrary-config.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

type Mapping = Record<string, unknown>;
type Matches = (nodes: readonly string[], node: string) => boolean;

const lists = fc.array(fc.constantFrom('lb1', 'lb2', 'lb*', '*-a', '*'), {
  minLength: 1,
  maxLength: 2,
});
const nodes = fc.constantFrom('lb1', 'lb2', 'lb-a', 'x', OTHER_NODE);

/** Gives some objects a list of nodes, and adds sections. Each service is there twice. */
const configsWithNodes = fc
  .tuple(configs, fc.array(fc.option(lists, { nil: undefined }), { minLength: 20, maxLength: 20 }))
  .map(([config, choices]) => {
    const left = [...choices];
    const choose = <T>(item: T): T | (T & Mapping) => {
      const list = typeof item === 'string' ? undefined : left.pop();
      return list ? { ...item, nodes: list } : item;
    };
    const services = [...config.services, ...config.services].map((service) =>
      choose({ ...service, destinations: (service.destinations as Mapping[]).map(choose) }),
    );
    return {
      ...config,
      timeouts: choose({ tcp: '10m' }),
      sysctls: choose({ values: { am_droprate: 10 } }),
      sync_daemons: [
        choose({ role: 'master', interface: 'eth1' }),
        choose({ role: 'backup', interface: 'eth1' }),
        choose({ role: 'backup', interface: 'eth2' }),
      ],
      profiles: { web: { ...config.profiles.web, destinations: [{ pool: 'eu' }].map(choose) } },
      pools: { eu: config.pools.eu.map((item) => choose(item as Mapping | string)) },
      services: [...services, { address: 'udp://192.0.2.3:53', profile: 'web' }],
    };
  });

const matchesByRule: Matches = (list, node) =>
  list.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(node));

/** Removes what is for other nodes, as a person would do by hand. */
function withoutOthers(value: unknown, node: string, matches: Matches): unknown {
  if (Array.isArray(value))
    return value
      .filter((item: Mapping) => isFor(item, node, matches))
      .map((item) => withoutOthers(item, node, matches));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value as Mapping)
      .filter(([key, item]) => key !== 'nodes' && isFor(item as Mapping, node, matches))
      .map(([key, item]) => [key, withoutOthers(item, node, matches)]),
  );
}

function isFor(item: Mapping | string | null, node: string, matches: Matches): boolean {
  const list = item !== null && typeof item === 'object' ? item.nodes : undefined;
  return !Array.isArray(list) || matches(list, node);
}

const readsAsWithoutOthers = (matches: Matches) =>
  fc.property(configsWithNodes, nodes, (config, node) => {
    const read = parseConfig(JSON.stringify(config), 'a.json', undefined, node).desired;
    const byHand = parseConfig(JSON.stringify(withoutOthers(config, node, matches)), 'a.json');
    const { services, names, timeouts, daemons, policy } = read ?? {};
    const { desired } = byHand;
    expect({ services, names, timeouts, daemons, policy }).toEqual({
      services: desired?.services,
      names: desired?.names,
      timeouts: desired?.timeouts,
      daemons: desired?.daemons,
      policy: desired?.policy,
    });
  });

it('reads for a node what is left of the file without everything for other nodes', () =>
  holds(readsAsWithoutOthers(matchesByRule)));

it('finds out when a pattern with * is taken for a name', () =>
  isBrokenBy(readsAsWithoutOthers((list, node) => list.includes(node))));

it('finds out when a list is for a node that it does not name', () =>
  isBrokenBy(readsAsWithoutOthers(() => true)));
