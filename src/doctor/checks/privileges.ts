import type { Check } from '../facts.ts';
import { AS_ROOT, advise, failure, notKnown, ok } from '../finding.ts';

const NEED = 'The kernel wants CAP_NET_ADMIN for each request to IPVS, also for those that read.';

/** The privileges of this process: `plan`, `apply` and `watch` get the same ones. */
export const PRIVILEGES: Check = {
  name: 'privileges',
  examine: ({ kernel: { privileges }, uid }) => {
    if (!privileges.isKnown) return [notKnown('the privileges of this process', privileges)];
    const { hasNetAdmin, mayHaveNetAdmin, isInitialUserNamespace } = privileges.value;
    if (!isInitialUserNamespace)
      return [
        failure(
          'this process is not in the initial user namespace',
          `${NEED} The capability of another user namespace does not count.`,
          advise('Run outside of a rootless container, and with PrivateUsers=no in a unit.'),
        ),
      ];
    if (hasNetAdmin) return [ok('this process has CAP_NET_ADMIN')];
    const seen = `this process (user ${uid}) does not have CAP_NET_ADMIN`;
    if (mayHaveNetAdmin) return [failure(seen, NEED, AS_ROOT)];
    const advice =
      'Give it: --cap-add NET_ADMIN for a container, CapabilityBoundingSet=CAP_NET_ADMIN in a ' +
      'unit.';
    return [failure(`${seen}, and may not get it`, NEED, advise(advice))];
  },
};

/** The privileges of each daemon that runs in this network namespace. */
export const DAEMON: Check = {
  name: 'daemon',
  examine: ({ kernel: { processes } }) => {
    if (!processes.isKnown) return [notKnown('whether a daemon runs', processes)];
    const here = processes.value.daemons.filter(({ isHere }) => isHere.isKnown && isHere.value);
    return here.map(({ pid, name, privileges }) => {
      const subject = `${name} (pid ${pid})`;
      if (!privileges?.isKnown)
        return notKnown(`the privileges of ${subject}`, privileges ?? ENDED);
      const { hasNetAdmin, isInitialUserNamespace } = privileges.value;
      if (hasNetAdmin && isInitialUserNamespace) return ok(`${subject} has CAP_NET_ADMIN`);
      return failure(
        `${subject} does not have CAP_NET_ADMIN in the initial user namespace`,
        `${NEED} The daemon can read and change nothing.`,
        advise(
          'Set AmbientCapabilities=CAP_NET_ADMIN and PrivateUsers=no in its unit, and restart it.',
        ),
      );
    });
  },
};

const ENDED = { isKnown: false, reason: 'it has ended', needsRoot: false } as const;
