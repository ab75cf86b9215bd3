// The tables that are measured, as texts. floor.c fills the kernel with the same ones.

export const quad = (number) => [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');

/** Calls back for each destination of each service, with the service's index and its own number. */
function eachDestination(services, destinations, found) {
  for (let service = 0; service < services; service++) {
    for (let each = 0; each < destinations; each++) found(service, service * destinations + each);
  }
}

const serviceAddress = (service) => `${quad(0xc6120001 + service)}:80`;
const destinationAddress = (number) => `${quad(0x0a000001 + number)}:8080`;
const weight = (number) => 1 + (number % 100);

/** As `ipvsadm -Sn` prints it. */
export function saveText(services, destinations) {
  const blocks = Array.from({ length: services }, (_, service) => [
    `-A -t ${serviceAddress(service)} -s wlc\n`,
  ]);
  eachDestination(services, destinations, (service, number) => {
    blocks[service].push(
      `-a -t ${serviceAddress(service)} -r ${destinationAddress(number)} -m -w ${weight(number)}\n`,
    );
  });
  return blocks.flat().join('');
}

/** The same with one other weight, in the middle. */
export function changedSaveText(services, destinations) {
  const lines = saveText(services, destinations).split('\n');
  const middle = lines.findIndex(
    (line, index) => index > lines.length / 2 && line.startsWith('-a'),
  );
  lines[middle] = lines[middle].replace(/-w \d+$/, '-w 777');
  return lines.join('\n');
}

export function jsonText(services, destinations) {
  const list = Array.from({ length: services }, (_, service) => ({
    address: `tcp://${serviceAddress(service)}`,
    destinations: [],
  }));
  eachDestination(services, destinations, (service, number) => {
    list[service].destinations.push({
      address: destinationAddress(number),
      forward: 'masq',
      weight: weight(number),
    });
  });
  return `${JSON.stringify({ version: 1, services: list }, undefined, 1)}\n`;
}

/** As `ipvstate export` writes it. */
export function yamlText(services, destinations) {
  const blocks = Array.from({ length: services }, (_, service) => [
    `  - address: tcp://${serviceAddress(service)}\n    destinations:\n`,
  ]);
  eachDestination(services, destinations, (service, number) => {
    blocks[service].push(
      `      - { address: "${destinationAddress(number)}", weight: ${weight(number)} }\n`,
    );
  });
  return `version: 1\ndefaults: { forward: masq }\nservices:\n${blocks.flat().join('')}`;
}
