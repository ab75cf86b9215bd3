// diff.js SERVICES DESTINATIONS: milliseconds to plan what leads from a table to one where every
// hundredth destination differs.
import { parseConfig, plan } from '../../../dist/index.js';
import { jsonText, quad } from '../inputs.js';

const [services, destinations] = process.argv.slice(2).map(Number);

/**
 * A million destinations are more than one text may have, so they are copies of one that was read.
 */
const [model] = parseConfig(jsonText(1, 1), 'rules.json').desired.services.values();
const [modelDestination] = model.destinations.values();

/** As a parser gives it, where what was put together is joined when it is first compared. */
const flat = (text) => Buffer.from(text, 'latin1').latin1Slice();

function entry(service, change) {
  const address = quad(0xc6120001 + service);
  const identity = { ...model.service.identity, address };
  const pool = new Map();
  for (let number = service * destinations; number < (service + 1) * destinations; number++) {
    const own = flat(quad(0x0a000001 + number));
    const key = flat(`${own}:8080`);
    pool.set(key, {
      ...modelDestination,
      key,
      address: own,
      ...(number % 100 === 0 ? change : {}),
    });
  }
  return {
    service: { ...model.service, key: `tcp://${address}:80`, identity },
    destinations: pool,
  };
}

function table(change) {
  const entries = Array.from({ length: services }, (_, service) => entry(service, change));
  const keyed = new Map(entries.map((each) => [each.service.key, each]));
  return { services: keyed, timeouts: { tcp: 900, tcpFin: 120, udp: 300 }, daemons: [] };
}

const live = table({});
const desired = table({ weight: 777 });
const start = performance.now();
const { changes } = plan(live, desired);
process.stdout.write(`${performance.now() - start}\n`);
if (changes.length !== (services * destinations) / 100) process.exitCode = 70;
