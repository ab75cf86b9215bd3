import {
  formatDaemon,
  parseDaemonState,
  parseDestination,
  parseService,
  type RawDaemon,
  type RawDestination,
  type RawService,
  readName,
  readU32,
} from './entries.ts';
import { EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT, ERANGE, ESRCH, refuse } from './errors.ts';
import { type Attributes, splitAttributes } from './tlv.ts';

const SCHEDULERS = new Set('rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos none'.split(' '));
const HASHED = 2;

/**
 * The IPVS table of one network namespace. It makes the checks of the kernel in the order of the
 * kernel, each of which was measured. It has no traffic, no trash from which deleted destinations
 * come back, and no modules that fail to load.
 */
export class FakeTable {
  /** In the order of their creation. A kernel lists them by hash bucket. */
  readonly services: RawService[] = [];
  readonly daemons: RawDaemon[] = [];
  timeouts: readonly [tcp: number, tcpFin: number, udp: number] = [900, 120, 300];
  /** The names of the network interfaces. */
  readonly interfaces = new Set(['lo']);

  find(
    key: Pick<RawService, 'af' | 'protocol' | 'address' | 'port' | 'fwmark'>,
  ): RawService | undefined {
    return this.services.find((service) =>
      key.fwmark !== 0
        ? service.fwmark === key.fwmark && service.af === key.af
        : service.fwmark === 0 &&
          service.af === key.af &&
          service.protocol === key.protocol &&
          service.address === key.address &&
          service.port === key.port,
    );
  }

  newService(attributes: Attributes): void {
    const { flagMask, ...service } = parseService(attributes.get(1), true);
    if (this.find(service)) refuse(EEXIST);
    checkService(service);
    this.services.push({ ...service, flags: ((service.flags & flagMask) | HASHED) >>> 0 });
  }

  setService(attributes: Attributes): void {
    const { flagMask, ...asked } = parseService(attributes.get(1), true);
    const service = this.find(asked) ?? refuse(ESRCH);
    checkService(asked);
    service.scheduler = asked.scheduler;
    service.engine = asked.engine;
    service.flags = ((service.flags & ~flagMask) | (asked.flags & flagMask) | HASHED) >>> 0;
    service.timeout = asked.timeout;
    service.netmask = asked.netmask;
  }

  deleteService(attributes: Attributes): void {
    this.services.splice(this.services.indexOf(this.existing(attributes)), 1);
  }

  existing(attributes: Attributes): RawService {
    return this.find(parseService(attributes.get(1), false)) ?? refuse(ESRCH);
  }

  newDestination(attributes: Attributes): void {
    const { service, destination } = this.#destination(attributes, true);
    checkDestination(destination);
    if (findDestination(service, destination)) refuse(EEXIST);
    if (!isUnicast(destination)) refuse(EINVAL);
    service.destinations.unshift(destination);
  }

  setDestination(attributes: Attributes): void {
    const { service, destination } = this.#destination(attributes, true);
    checkDestination(destination);
    const live = findDestination(service, destination) ?? refuse(ENOENT);
    const { method, weight, upper, lower, tunnelType, tunnelPort, tunnelFlags } = destination;
    Object.assign(live, { method, weight, upper, lower, tunnelType, tunnelPort, tunnelFlags });
  }

  deleteDestination(attributes: Attributes): void {
    const { service, destination } = this.#destination(attributes, false);
    const live = findDestination(service, destination) ?? refuse(ENOENT);
    service.destinations.splice(service.destinations.indexOf(live), 1);
  }

  #destination(
    attributes: Attributes,
    full: boolean,
  ): { service: RawService; destination: RawDestination } {
    const service = this.existing(attributes);
    const destination = parseDestination(attributes.get(2), full, service.af);
    if (destination.af !== 2 && destination.af !== 10) refuse(EAFNOSUPPORT);
    if (
      destination.af !== service.af &&
      full &&
      (destination.method !== 2 || this.daemons.length > 0)
    )
      refuse(EINVAL);
    return { service, destination };
  }

  zero(attributes: Attributes): void {
    for (const service of attributes.has(1) ? [this.existing(attributes)] : this.services) {
      for (const destination of service.destinations) destination.packets = 0n;
    }
  }

  flush(): void {
    this.services.length = 0;
  }

  /**
   * Checks all timeouts before it sets one. The limit is that of 32-bit jiffies with an HZ of 100.
   */
  setTimeouts(attributes: Attributes): void {
    const asked = [4, 5, 6].map((type) => {
      const payload = attributes.get(type);
      if (!payload) return 0;
      return payload.length < 4 ? refuse(ERANGE) : payload.readUInt32LE();
    });
    if (asked.some((seconds) => seconds > 21_474_836)) refuse(EINVAL);
    const [tcp, tcpFin, udp] = this.timeouts;
    this.timeouts = [asked[0] || tcp, asked[1] || tcpFin, asked[2] || udp];
  }

  newDaemon(attributes: Attributes): void {
    const given = splitAttributes(attributes.get(3) ?? refuse(EINVAL));
    const state = parseDaemonState(given);
    const name = readName(given.get(2), 15);
    const syncId = readU32(given.get(3));
    if (this.services.some((service) => service.destinations.some(({ af }) => af !== service.af)))
      refuse(EINVAL);
    const group = given.get(5) ?? given.get(6) ?? Buffer.of(224, 0, 0, 81);
    const first = group[0] ?? 0;
    if (group.length === 4 ? first < 224 || first > 239 : first !== 0xff) refuse(EINVAL);
    if (!this.interfaces.has(name)) refuse(ENODEV);
    if (this.daemons.some((daemon) => daemon.state === state)) refuse(EEXIST);
    this.daemons.push({
      state,
      interface: name,
      syncId,
      maxLength: given.get(4)?.readUInt16LE() || 1472,
      group: Buffer.from(group),
      port: given.get(7)?.readUInt16LE() || 8848,
      ttl: given.get(8)?.[0] || 1,
    });
    this.daemons.sort((a, b) => a.state - b.state);
  }

  deleteDaemon(attributes: Attributes): void {
    const state = parseDaemonState(splitAttributes(attributes.get(3) ?? refuse(EINVAL)));
    const index = this.daemons.findIndex((daemon) => daemon.state === state);
    if (index === -1) refuse(ESRCH);
    this.daemons.splice(index, 1);
  }

  formatDaemons(): Buffer[] {
    return this.daemons.map(formatDaemon);
  }
}

/** Makes the checks of ip_vs_add_service and ip_vs_edit_service. */
function checkService(service: Omit<RawService, 'destinations'>): void {
  if (!SCHEDULERS.has(service.scheduler)) refuse(ENOENT);
  if (service.engine !== '' && service.engine !== 'sip') refuse(ENOENT);
  const prefix = Buffer.from(service.netmask, 'hex').readUInt32LE();
  if (service.af === 10 && (prefix < 1 || prefix > 128)) refuse(EINVAL);
}

/** Makes the checks of ip_vs_add_dest and ip_vs_edit_dest. */
function checkDestination(destination: RawDestination): void {
  if (destination.weight < 0 || destination.lower > destination.upper) refuse(ERANGE);
  if (destination.tunnelType === 1 && destination.tunnelPort === 0) refuse(EINVAL);
}

function findDestination(service: RawService, key: RawDestination): RawDestination | undefined {
  return service.destinations.find(
    ({ af, address, port }) => af === key.af && address === key.address && port === key.port,
  );
}

/** Makes the check of ip_vs_new_dest, except for addresses that only a routing table can tell. */
function isUnicast({ af, address }: RawDestination): boolean {
  const first = Number.parseInt(address.slice(0, 2), 16);
  if (af === 2)
    return (
      !address.startsWith('00000000') &&
      (first < 224 || (first >= 240 && !address.startsWith('ffffffff')))
    );
  const isIPv4Mapped = address.startsWith(`${'00'.repeat(10)}ffff`);
  const isLinkLocal = /^fe[89ab]/.test(address);
  return first !== 0xff && address !== '00'.repeat(16) && !isIPv4Mapped && !isLinkLocal;
}
