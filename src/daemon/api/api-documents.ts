import type { Clock } from '../../model/clock.ts';
import type { Desired } from '../../model/desired.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { FindHealth } from './destination-health.ts';
import { Diagnosis } from './diagnosis.ts';
import type { ApiServices, ApiStatus, DoctorWarning, ServiceSummary } from './documents.ts';
import { KernelReadings } from './kernel-readings.ts';
import { whyNotKnown } from './knowledge.ts';
import {
  documentHead,
  type ServicesView,
  servicesSource,
  viewServices,
} from './services-document.ts';
import { type ServicesNow, ShownServices } from './shown-services.ts';
import { type StatusPorts, statusDocuments } from './status-document.ts';

export interface FilesInForce {
  readonly desired: Desired | undefined;
  readonly files: readonly string[];
}

export interface DocumentPorts extends Omit<StatusPorts, 'diagnosis'> {
  readonly monotonic: Clock;
  /** Opens a connection of its own to the kernel. */
  readonly openKernel: () => Promise<Ipvs>;
  /** The warnings of `ipvstate doctor`, for the files in force. */
  readonly examine: (files: FilesInForce) => Promise<readonly DoctorWarning[]>;
  /** Finds the answers to the checks of a destination. */
  readonly findHealth: FindHealth;
}

/** The documents of the API, for the pages and for the control socket. */
export interface ApiDocuments {
  /** The names of services in the files in force. */
  readonly names: ReadonlyMap<ServiceKey, string>;
  status(): Promise<ApiStatus>;
  /** As `status`, after the first look of the doctor has ended. */
  wholeStatus(): Promise<ApiStatus>;
  /** All services without their destinations. */
  services(): Promise<ServicesNow>;
  /** The JSON of the document of all services. Throws as `Ipvs` does while none was read yet. */
  allServices(): Promise<string>;
  /** The services with their destinations. Those that nobody has are missing. Throws as `Ipvs`. */
  details(keys: readonly ServiceKey[]): Promise<ApiServices>;
}

export function apiDocuments(ports: DocumentPorts): ApiDocuments {
  const { monotonic, openKernel, clock, state, status } = ports;
  const readings = new KernelReadings({
    openKernel,
    clock: monotonic,
    wallTime: () => clock.now(),
  });
  const diagnosis = new Diagnosis(() => {
    const { good } = state().config;
    return ports.examine({
      desired: good?.desired,
      files: (good?.files ?? []).map(({ path }) => path),
    });
  }, monotonic);
  const makeStatus = statusDocuments({ ...ports, diagnosis });
  const view = (): ServicesView => {
    const [now, known] = [state(), status()];
    const notKnown = whyNotKnown(now, known.drift, readings.problem);
    return viewServices(now, known, readings.last, notKnown, ports.findHealth);
  };
  const shownNow = servicesSource(state, view, readings);
  const services = async (): Promise<ServicesNow> => {
    await readings.refresh();
    return shownNow();
  };
  return {
    get names() {
      return state().config.good?.desired.names ?? new Map();
    },
    status: makeStatus,
    wholeStatus: async () => {
      await diagnosis.settled();
      return makeStatus();
    },
    services,
    allServices: async () => {
      const shown = new ShownServices();
      shown.update(await services());
      const { problem, last } = readings;
      if (problem && !last) throw problem;
      return shown.whole();
    },
    details: async (keys) => {
      const reading = await readings.details(keys);
      const shown = view();
      const found = keys.flatMap((key): readonly ServiceSummary[] => {
        const one = shown.details(key, reading.services.get(key));
        return one ? [{ ...one, plot: readings.plots.of(key) }] : [];
      });
      return { ...documentHead(readings), at: reading.at, services: found };
    },
  };
}
