import type { Registry } from 'prom-client';
import type { Ipvs } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Status } from '../status/status.ts';
import { formatStats } from './kernel-counters.ts';
import { type Page, type Pages, probePage } from './server.ts';

export interface PagePorts {
  readonly status: () => Status;
  readonly metrics: Registry;
  readonly isStuck: () => boolean;
  /** The first pass is over. */
  readonly isReady: () => boolean;
  /** For the counters of services and destinations; undefined: they are not wanted. */
  readonly openKernel: (() => Promise<Ipvs>) | undefined;
  readonly names: () => ReadonlyMap<ServiceKey, string>;
}

export function daemonPages(ports: PagePorts): Pages {
  const { status, metrics, isStuck, isReady } = ports;
  return {
    '/metrics': async () => ({
      status: 200,
      type: metrics.contentType,
      body: (await metrics.metrics()) + (await stats(ports)),
    }),
    '/healthz': () => probePage(!isStuck(), isStuck() ? 'the loop does not get on' : 'ok'),
    '/readyz': () => {
      if (!isReady()) return probePage(false, 'no pass has ended yet');
      const { config, health } = status();
      return probePage(
        config.valid,
        config.valid ? health : 'the files are not valid; the last good state is kept',
      );
    },
    '/status': (): Page => ({
      status: 200,
      type: 'application/json',
      body: `${JSON.stringify(status(), undefined, 2)}\n`,
    }),
  };
}

/** A kernel that cannot be read takes only its own numbers from the scrape. */
async function stats({ openKernel, names }: PagePorts): Promise<string> {
  if (!openKernel) return '';
  const kernel = await openKernel();
  try {
    return formatStats(await kernel.read({ stats: true }), names());
  } catch {
    return '';
  } finally {
    kernel.close();
  }
}
