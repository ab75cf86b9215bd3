import { hostname } from 'node:os';
import type { ApiServices, ServiceSummary } from '../daemon/api/documents.ts';
import { withoutList } from '../daemon/api/kernel-readings.ts';
import { viewServices } from '../daemon/api/services-document.ts';
import { NoDaemonError } from '../daemon/control/client.ts';
import { formatSnapshotPage } from '../daemon/http/page-html.ts';
import type { HistoryDocument, SnapshotDocument } from '../daemon/page/documents.ts';
import { statusOfLoop } from '../daemon/status/status-of-loop.ts';
import { writableFormat } from '../formats/formats.ts';
import type { Snapshot } from '../model/ipvs.ts';
import { INITIAL_STATE } from '../reconcile/loop/loop-state.ts';
import { trafficOf } from '../render/top/traffic.ts';
import { askForPage, type DaemonPage } from './ask-for-page.ts';
import { defaultControlSocket } from './control.ts';
import type { Environment } from './environment.ts';
import { historyDocument } from './history/listed-runs.ts';

const SHOWN_RUNS = 20;

/**
 * Formats a page of a table that needs nothing but itself. With `isLive` it has what the daemon
 * knows of the table, where one runs, and the last runs. Parts that are not known say so.
 */
export async function formatTablePage(
  snapshot: Snapshot,
  isLive: boolean,
  environment: Environment,
): Promise<string> {
  const at = new Date();
  const { page, why } = isLive ? await readDaemon(environment) : OF_FILE;
  const { history, problem } = isLive ? await readHistory(environment) : NO_HISTORY;
  const document: SnapshotDocument = {
    status: page?.status ?? null,
    services: page?.services ?? servicesOf(snapshot, at, why),
    history,
    problems: [
      ...(why === undefined ? [] : [`whether the table is as the files say: ${why}`]),
      ...(problem === undefined ? [] : [`the last runs: ${problem}`]),
    ],
  };
  const { text } = await writableFormat('save').format(snapshot.table, {});
  const title = `ipvstate: table of ${hostname()} at ${at.toISOString()}`;
  return formatSnapshotPage(title, JSON.stringify(document), text);
}

interface FromDaemon {
  readonly page: DaemonPage | undefined;
  /** Why nobody knows whether the table is as the files say. */
  readonly why: string | undefined;
}

const OF_FILE: FromDaemon = { page: undefined, why: 'it is the table of a file' };

/** Asks the daemon. One that does not answer is not one that does not run. */
async function readDaemon({ state, output }: Environment): Promise<FromDaemon> {
  try {
    const page = await askForPage(defaultControlSocket(await state()));
    return { page, why: page.services ? undefined : 'the daemon could not read the kernel yet' };
  } catch (error) {
    const { message } = error as Error;
    if (!(error instanceof NoDaemonError))
      output.note(`ipvstate: left out: the state of the daemon: ${message}\n`);
    return { page: undefined, why: message };
  }
}

interface LastRuns {
  readonly history: HistoryDocument | null;
  /** Why the last runs are not known. */
  readonly problem?: string;
}

const NO_HISTORY: LastRuns = { history: null };

async function readHistory({ state, output }: Environment): Promise<LastRuns> {
  try {
    const document: unknown = historyDocument(await state(), SHOWN_RUNS);
    return { history: document as HistoryDocument };
  } catch (error) {
    const { message } = error as Error;
    output.note(`ipvstate: left out: the last runs: ${message}\n`);
    return { history: null, problem: message };
  }
}

type Services = SnapshotDocument['services'];

/** The services as the kernel has them. Whether they are as files say is not known. */
function servicesOf(snapshot: Snapshot, at: Date, why: string | undefined): Services {
  const traffic = trafficOf(snapshot, 'address');
  const last = {
    ...{ at: at.toISOString(), milliseconds: 0 },
    services: new Map(traffic.map((one) => [one.service.key, withoutList(one)])),
  };
  const status = statusOfLoop(INITIAL_STATE, {
    ...{ version: '', pid: 0, started: '', drift: 'off', drainClockSeconds: 0 },
    wallSeconds: at.getTime() / 1000,
    wallTime: () => at.toISOString(),
  });
  const view = viewServices(
    INITIAL_STATE,
    status,
    last,
    `not known: ${why ?? 'nobody compared it'}`,
  );
  const head: Omit<ApiServices, 'services'> = {
    ...{ format: 'ipvstate-api-services', version: 1, at: last.at },
    ...{ stale: false, reason: null, interval_seconds: 0 },
  };
  const services = traffic.map((one) => {
    // A service that was read is always known.
    const summary = view.details(one.service.key, one) as ServiceSummary;
    const { destinations_list = [] } = summary;
    return { ...summary, destinations_list };
  });
  return { ...head, services };
}
