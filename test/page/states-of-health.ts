import type { ApiStatus, DestinationDetails } from '../../src/daemon/api/documents.ts';
import type { ServiceDetail } from '../../src/daemon/page/documents.ts';
import type { DestinationKey } from '../../src/model/destination.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import { describeTreatment, type HealthTreatment } from '../../src/render/health.ts';
import { SITE, serviceOf, statusDocumentOf } from './samples.ts';

export interface Scene {
  readonly status: ApiStatus;
  readonly services: readonly ServiceDetail[];
}

/** The services of the site, with some of them replaced. */
function siteWith(...changed: readonly ServiceDetail[]): readonly ServiceDetail[] {
  return SITE.map((one) => changed.find(({ service }) => service === one.service) ?? one);
}

const OVERRIDE = {
  service: 'tcp://192.0.2.10:443',
  destination: '10.1.0.13:8443',
  weight: 0,
  own_weight: 100,
  owner: null,
  by: 'alice',
  reason: 'kernel upgrade',
  until: '2026-05-04T13:30:00.000Z',
  note: 'weight 0 by override of alice until 13:30: kernel upgrade (file: 100)',
};

const ORDERS = 'tcp://192.0.2.20:5432';
const SHOP = 'tcp://192.0.2.10:443';
const IMAGES = 'tcp://192.0.2.12:443';

const draining = (row: DestinationDetails, index: number): Partial<DestinationDetails> =>
  index === 1
    ? {
        state: 'draining',
        weight: { live: 0, desired: 0 },
        rates: { ...row.rates, connections: 0 },
        drain: { seconds_left: 252 },
        notes: ['drains, at most 4m12s more'],
      }
    : {};

/** The first of the destinations is out. The other unhealthy ones stay in. */
const effectOf = (index: number): HealthTreatment => ({
  service: SHOP as ServiceKey,
  destination: `10.1.0.${index + 11}:8443` as DestinationKey,
  effect: index === 0 ? 'out' : 'panic',
  ...{ weight: index === 0 ? 0 : 100, own_weight: 100 },
  ...{ reason: 'connection refused', seconds: 61 },
});

const unhealthy = (_row: DestinationDetails, index: number): Partial<DestinationDetails> => {
  const { seconds: _, ...effect } = effectOf(index);
  const text = describeTreatment(effect);
  return {
    state: index === 0 ? 'unhealthy' : 'panic',
    weight: { live: effect.weight, desired: effect.weight },
    notes: [text],
    health: {
      ...{ state: index === 0 ? 'unhealthy' : 'panic', reason: effect.reason, text },
      since: '2026-05-04T12:28:59.000Z',
    },
  };
};

/** The page in each state of health, by its name. */
export const SCENES: Readonly<Record<string, () => Scene>> = {
  'in-sync': () => ({ status: statusDocumentOf(), services: SITE }),
  unserved: () => ({
    status: statusDocumentOf(
      {
        health: 'unserved',
        health_since: '2026-05-04T12:26:11.000Z',
        why: [
          `${ORDERS} has usable servers in the files and none in the kernel`,
          `another program keeps changing service ${IMAGES}, which is left alone`,
        ],
        unserved: [ORDERS],
        contested: [{ object: `service ${IMAGES}`, reversals: 3 }],
        differences: [`+ ${ORDERS} 10.1.0.11:8443`, `+ ${ORDERS} 10.1.0.12:8443`, `~ ${IMAGES}`],
      },
      {
        help: [
          { command: `ipvstate explain ${ORDERS}`, text: 'says what acts on the service' },
          { command: 'ipvstate reload', text: 'tries again now' },
        ],
        doctor: [
          {
            level: 'warning',
            title: 'keepalived runs, and may write to the IPVS table',
            hint: 'Stop it, or leave its services to it with `manage: exclude`.',
          },
        ],
      },
    ),
    services: siteWith(
      serviceOf({
        service: ORDERS,
        name: 'orders-db',
        destinations: 2,
        level: 0,
        change: () => ({
          live: false,
          weight: { live: null, desired: 100 },
          state: 'drifted',
          notes: ['10.1.0.11:8443 is to be added'],
        }),
        rest: {
          state: 'unserved',
          notes: ['usable servers in the files and none in the kernel'],
          destinations: 0,
          usable: 0,
        },
      }),
      serviceOf({
        service: IMAGES,
        name: 'images',
        destinations: 12,
        level: 2600,
        rest: {
          state: 'contested',
          scheduler: 'rr',
          notes: [`another program keeps changing service ${IMAGES}: scheduler rr is to be wlc`],
        },
      }),
    ),
  }),
  draining: () => ({
    status: statusDocumentOf(
      {
        health: 'draining',
        health_since: '2026-05-04T12:29:10.000Z',
        why: ['1 removed destination drains'],
        drains: [{ service: SHOP, destination: '10.1.0.12:8443', seconds_left: 252 }],
        overrides: [OVERRIDE],
      },
      { help: [{ command: 'ipvstate overrides', text: 'lists the overrides, and ends them' }] },
    ),
    services: siteWith(
      serviceOf({
        service: SHOP,
        name: 'shop',
        destinations: 6,
        level: 840,
        rest: {
          state: 'draining',
          notes: [
            '10.1.0.12:8443 drains, at most 4m12s more',
            '10.1.0.13:8443: weight 0 by override of alice until 13:30: kernel upgrade (file: 100)',
          ],
        },
        change: (row, index) =>
          index === 2
            ? {
                state: 'overridden',
                weight: { live: 0, desired: 0 },
                rates: { ...row.rates, connections: 0 },
                override: OVERRIDE,
                notes: [OVERRIDE.note],
              }
            : draining(row, index),
      }),
    ),
  }),
  panic: () => ({
    status: statusDocumentOf(
      {
        health: 'panic',
        health_since: '2026-05-04T12:28:59.000Z',
        why: [`clients of ${SHOP} reach servers that are unhealthy`],
        health_effects: [0, 1, 2].map(effectOf),
      },
      { help: [{ command: 'ipvstate health', text: 'shows what the health checks found' }] },
    ),
    services: siteWith(
      serviceOf({
        ...{ service: SHOP, name: 'shop', destinations: 4, level: 840 },
        rest: { state: 'panic', notes: ['3 servers are unhealthy: clients reach 2 of them'] },
        change: (row, index) => (index < 3 ? unhealthy(row, index) : {}),
      }),
    ),
  }),
  held: () => ({
    status: statusDocumentOf(
      {
        health: 'held',
        health_since: '2026-05-04T12:20:00.000Z',
        why: ['held back: 5 of 12 services would be deleted; max_service_deletes allows 3'],
        waiting: {
          plan: '7c9f1d2e4b60',
          since: '2026-05-04T12:20:00.000Z',
          refusals: [
            {
              guard: 'max_service_deletes',
              message: '5 of 12 services would be deleted; max_service_deletes allows 3',
              flag: '--max-service-deletes',
            },
          ],
          changes: [],
        },
      },
      {
        help: [
          {
            command: 'ipvstate approve 7c9f1d2e4b60',
            text: 'executes just this plan, although a guard refuses it',
          },
        ],
        waiting_plan: [
          '- service tcp://192.0.2.30:25 "mail-in" with 3 destinations',
          '    66 active connections are cut',
          '- service tcp://192.0.2.31:993 "imap" with 3 destinations',
          '    33 active connections are cut',
          '- service fwmark:100 "media" with 8 destinations',
          '~ service tcp://192.0.2.11:443 "accounts"',
          '    scheduler: mh -> wlc',
          '+ destination 10.1.0.19:8443 of tcp://192.0.2.10:443 "shop"',
          '',
          'Plan: 1 to add, 1 to change, 5 to delete.',
        ],
        try: {
          until: '2026-05-04T12:34:05.000Z',
          seconds_left: 245,
          command: 'ipvstate confirm',
        },
      },
    ),
    services: siteWith(
      ...SITE.filter(({ name }) => ['mail-in', 'imap', 'media'].includes(name ?? '')).map(
        (one): ServiceDetail => ({
          ...one,
          state: 'held',
          notes: ['held back: the service is to be deleted'],
        }),
      ),
    ),
  }),
  invalid: () => ({
    status: statusDocumentOf(
      {
        health: 'invalid',
        why: ['the files are not valid'],
        config: {
          ...statusDocumentOf().status.config,
          valid: false,
          error: {
            since: '2026-05-04T12:21:00.000Z',
            code: 'CONFIG',
            message: 'unknown key "wieght"',
            hint: 'Did you mean "weight"?',
            position: { file: '/etc/ipvstate/conf.d/web.yaml', line: 14, column: 9 },
          },
        },
      },
      {
        help: [
          {
            command: 'ipvstate validate -f /etc/ipvstate/conf.d/web.yaml',
            text: 'lists every error of the file',
          },
        ],
        error_excerpt: [
          '/etc/ipvstate/conf.d/web.yaml:14:9: error: unknown key "wieght"',
          '  14 |       - { address: 10.1.0.12, wieght: 50 }',
          '     |                               ^^^^^^',
        ],
      },
    ),
    services: SITE,
  }),
  failed: () => ({
    status: statusDocumentOf(
      {
        health: 'failed',
        why: ['the kernel has no IPVS: the module ip_vs is not loaded'],
        error: {
          since: '2026-05-04T12:21:00.000Z',
          code: 'UNAVAILABLE',
          message: 'the kernel has no IPVS: the module ip_vs is not loaded',
          hint: 'modprobe ip_vs',
          position: null,
        },
      },
      { help: [{ command: 'ipvstate doctor', text: 'says what cannot work on this machine' }] },
    ),
    services: SITE.map((one) => ({
      ...one,
      state: 'unknown' as const,
      notes: ['not known: the last pass ended as failed: the module ip_vs is not loaded'],
    })),
  }),
  refused: () => ({
    status: statusDocumentOf({
      health: 'refused',
      why: ['tcp://192.0.2.11:443 is left out: there is no scheduler mh'],
      refused_parts: [
        {
          part: 'tcp://192.0.2.11:443',
          reason: 'there is no scheduler mh',
          hint: 'modprobe ip_vs_mh',
        },
      ],
    }),
    services: SITE,
  }),
  contested: () => ({
    status: statusDocumentOf({
      health: 'contested',
      why: [`another program keeps changing service ${IMAGES}, which is left alone`],
      contested: [{ object: `service ${IMAGES}`, reversals: 3 }],
    }),
    services: SITE,
  }),
  drifted: () => ({
    status: statusDocumentOf({
      health: 'drifted',
      drift: 'report',
      why: ['1 object differs from the files'],
      differences: [`- ${SHOP} 10.1.0.19:8443`],
    }),
    services: SITE,
  }),
  paused: () => ({
    status: statusDocumentOf({
      health: 'paused',
      why: ['alice paused the daemon: switch maintenance'],
      paused: {
        who: 'alice',
        reason: 'switch maintenance',
        since: '2026-05-04T12:00:00.000Z',
        until: '2026-05-04T13:00:00.000Z',
        seconds_left: 1800,
        services: null,
      },
    }),
    services: SITE.map((one) => ({ ...one, state: 'paused' as const })),
  }),
  starting: () => ({
    status: statusDocumentOf({ health: 'starting', health_since: null }),
    services: [],
  }),
};

export function sceneOf(name: string): Scene {
  const scene = SCENES[name];
  if (!scene) throw new Error(`there is no scene ${name}`);
  return scene();
}
