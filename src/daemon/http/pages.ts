import type { Registry } from 'prom-client';
import type { Ipvs } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import { isHealthy } from '../../reconcile/loop/health.ts';
import type { Status } from '../status/status.ts';
import { formatHealth } from '../status/status-text.ts';
import { formatKernelCounters } from './kernel-counters.ts';
import { type Page, probePage } from './server.ts';

interface PagePorts {
  readonly status: () => Status;
  readonly metrics: Registry;
  readonly isStuck: () => boolean;
  /** Tells whether the first pass has ended. */
  readonly isReady: () => boolean;
  /** Opens a connection for the kernel's counters. undefined: /metrics does not have them. */
  readonly openKernel: (() => Promise<Ipvs>) | undefined;
  readonly names: () => ReadonlyMap<ServiceKey, string>;
}

/** The pages for programs: metrics, probes and the status. */
export function daemonPages(
  ports: PagePorts,
): Readonly<Record<'/metrics' | '/healthz' | '/readyz' | '/status', () => Page | Promise<Page>>> {
  const { status, metrics, isStuck, isReady } = ports;
  return {
    '/metrics': async () => ({
      status: 200,
      type: metrics.contentType,
      body: (await metrics.metrics()) + (await kernelCounters(ports)),
    }),
    '/healthz': () => probePage(!isStuck(), isStuck() ? 'the daemon makes no progress' : 'ok'),
    '/readyz': () => {
      if (!isReady()) return probePage(false, 'no pass has ended yet');
      const current = status();
      const isGood = isHealthy({ state: current.health });
      const isPlain = isGood && current.health !== 'source-unreachable';
      return probePage(isGood, isPlain ? current.health : formatHealth(current));
    },
    '/status': (): Page => ({
      status: 200,
      type: 'application/json',
      body: `${JSON.stringify(status(), undefined, 2)}\n`,
    }),
  };
}

/** The kernel's counters. A kernel that cannot be read leaves all other metrics as they are. */
async function kernelCounters({ openKernel, names }: PagePorts): Promise<string> {
  if (!openKernel) return '';
  let kernel: Ipvs | undefined;
  try {
    kernel = await openKernel();
    return formatKernelCounters(await kernel.read({ stats: true }), names());
  } catch {
    return '';
  } finally {
    kernel?.close();
  }
}
