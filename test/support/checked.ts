import type { DestinationHealth } from '../../src/model/health.ts';

/** A check of TCP with all defaults of the file. */
export const CHECKED: DestinationHealth = {
  ...{ checks: [{ kind: 'tcp' }], port: undefined, from: undefined },
  ...{ intervalSeconds: 2, jitter: 0, timeoutSeconds: 1, rise: 2, fall: 3 },
  ...{ initial: 'healthy', onFailure: 'weight', slowStartSeconds: 0 },
};
