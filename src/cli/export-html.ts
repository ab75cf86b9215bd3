import { hostname } from 'node:os';
import type { ApiStatus, ServiceSummary } from '../daemon/api/documents.ts';
import { helpFor } from '../daemon/api/help.ts';
import { withoutList } from '../daemon/api/kernel-readings.ts';
import { viewServices } from '../daemon/api/services-document.ts';
import { askDaemon, NoDaemonError } from '../daemon/control/client.ts';
import { formatSnapshotPage } from '../daemon/http/page-html.ts';
import type { SnapshotDocument } from '../daemon/page/documents.ts';
import { isStatus } from '../daemon/status/parse-status.ts';
import type { Status } from '../daemon/status/status.ts';
import { statusOfLoop } from '../daemon/status/status-of-loop.ts';
import { writableFormat } from '../formats/formats.ts';
import type { Snapshot } from '../model/ipvs.ts';
import { INITIAL_STATE, type LoopState } from '../reconcile/loop/loop-state.ts';
import { type ServiceTraffic, trafficOf } from '../render/top/traffic.ts';
import { defaultControlSocket } from './control.ts';
import type { Environment } from './environment.ts';
import { historyDocument } from './history/listed-runs.ts';

const SHOWN_RUNS = 20;

/**
 * Formats a page of a table that needs nothing but itself. With `isLive` it has the state of the
 * daemon, where one runs, and the last runs.
 */
export async function formatTablePage(
  snapshot: Snapshot,
  isLive: boolean,
  environment: Environment,
): Promise<string> {
  const at = new Date();
  const status = isLive ? await readStatus(environment) : undefined;
  const { table } = snapshot;
  const document: SnapshotDocument = {
    status: status ? apiStatusOf(status, at) : null,
    services: {
      ...{ format: 'ipvstate-api-services', version: 1, at: at.toISOString() },
      ...{ stale: false, reason: null, interval_seconds: 0 },
      services: servicesOf(trafficOf(snapshot, 'address'), status, at),
    },
    history: isLive ? await readHistory(environment) : null,
  };
  const { text } = await writableFormat('save').format(table, {});
  const title = `ipvstate: table of ${hostname()} at ${at.toISOString()}`;
  return formatSnapshotPage(title, JSON.stringify(document), text);
}

/** The status of the daemon. One that does not answer is not one that does not run. */
async function readStatus({ state, output }: Environment): Promise<Status | undefined> {
  try {
    const answer = await askDaemon(defaultControlSocket(await state()), { command: 'status' });
    if (answer.ok && isStatus(answer.status)) return answer.status;
    output.note('ipvstate: left out: the state of the daemon, whose answer is not understood\n');
  } catch (error) {
    if (!(error instanceof NoDaemonError))
      output.note(`ipvstate: left out: the state of the daemon: ${(error as Error).message}\n`);
  }
  return undefined;
}

async function readHistory({ state, output }: Environment): Promise<SnapshotDocument['history']> {
  try {
    const document: unknown = historyDocument(await state(), SHOWN_RUNS);
    return document as SnapshotDocument['history'];
  } catch (error) {
    output.note(`ipvstate: left out: the last runs: ${(error as Error).message}\n`);
    return null;
  }
}

function apiStatusOf(status: Status, at: Date): ApiStatus {
  return {
    ...{ format: 'ipvstate-api-status', version: 1 },
    ...{ at: at.toISOString(), host: hostname(), status, help: helpFor(status, null) },
    ...{ waiting_plan: null, error_excerpt: null, try: null, doctor: null, problems: [] },
  };
}

type Details = SnapshotDocument['services']['services'];

/** The services as the API describes them, with what the status says of them. */
function servicesOf(
  traffic: readonly ServiceTraffic[],
  status: Status | undefined,
  at: Date,
): Details {
  const last = {
    ...{ at: at.toISOString(), milliseconds: 0 },
    services: new Map(traffic.map((one) => [one.service.key, withoutList(one)])),
  };
  const state = {
    ...INITIAL_STATE,
    unserved: status?.unserved ?? [],
    refusedParts: status?.refused_parts ?? [],
  } as LoopState;
  const view = viewServices(state, status ?? statusWithoutDaemon(at), last, undefined);
  return traffic.map((one) => {
    // A service that was read is always known.
    const summary = view.details(one.service.key, one) as ServiceSummary;
    const { destinations_list = [] } = summary;
    return { ...summary, ...differenceOf(summary, status), destinations_list };
  });
}

/** Finds the service in the words of the status about contested and differing objects. */
function differenceOf(
  { service, state }: ServiceSummary,
  status: Status | undefined,
): Partial<ServiceSummary> {
  if (state !== 'ok' || !status) return {};
  const isNamed = (text: string): boolean => text.split(' ').includes(service);
  const contested = status.contested.filter(({ object }) => isNamed(object));
  if (contested.length > 0)
    return { state: 'contested', notes: [`another program keeps changing ${service}`] };
  const notes = status.differences.filter(isNamed);
  return notes.length > 0 ? { state: 'drifted', notes } : {};
}

function statusWithoutDaemon(at: Date): Status {
  return statusOfLoop(INITIAL_STATE, {
    ...{ version: '', pid: 0, started: '', drift: 'off', drainClockSeconds: 0 },
    wallSeconds: at.getTime() / 1000,
    wallTime: () => at.toISOString(),
  });
}
