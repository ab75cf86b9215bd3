import { shellWord } from '../../model/shell-word.ts';
import type { Check } from '../facts.ts';
import { advise, type Finding, failure, notKnown, ok, run, warning } from '../finding.ts';

export const SYNC_DAEMONS: Check = {
  name: 'sync daemons',
  examine: ({ desired, kernel: { network } }) =>
    (desired?.daemons ?? []).map(({ role, interface: name }): Finding => {
      if (!network.isKnown) return notKnown(`interface ${name} of the ${role}`, network);
      const link = network.value.links.find((each) => each.name === name);
      if (!link)
        return failure(
          `there is no interface ${name} for the ${role}`,
          'The kernel refuses it: `apply` fails, and `watch` leaves it out.',
          advise('Name an interface that exists: `ip -brief link` lists them.'),
        );
      if (!link.isUp)
        return warning(
          `interface ${name} of the ${role} is down`,
          'No connection is synchronised.',
          run(`ip link set dev ${shellWord(name)} up`),
        );
      if (!link.isMulticast && !link.isLoopback)
        return warning(
          `interface ${name} of the ${role} has no multicast`,
          'Sync messages are multicast, and do not leave by it.',
          run(`ip link set dev ${shellWord(name)} multicast on`),
        );
      return ok(`interface ${name} of the ${role} is up, with multicast`);
    }),
};
