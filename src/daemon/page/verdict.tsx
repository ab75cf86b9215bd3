import type { ApiStatus, ServiceSummary } from '../api/documents.ts';
import { describeHealth } from '../status/status-text.ts';
import { formatAge, formatBytes, formatCount, formatTime } from './format.ts';
import { routeOf } from './links.ts';
import { Code, Reasons, Text, useNow } from './parts.tsx';
import { titleOf, toneOf } from './states.ts';

/** The answer first: is the table as the files say, and if not, why, and which command helps. */
export function Verdict({ document, services }: { document: ApiStatus; services: Services }) {
  const { status, help } = document;
  const { health, health_since, why } = status;
  return (
    <section class={`verdict ${toneOf(health)}`} aria-labelledby="verdict">
      <div class="answer">
        <div role="status">
          <h1 id="verdict">{titleOf(health)}</h1>
          <p class="meaning">{meaningOf(document)}</p>
        </div>
        {health_since && <Since time={health_since} />}
      </div>
      <Figures services={services} />
      <Reasons of={why} help={help}>
        {(reason) => <Sentence of={reason} services={services} />}
      </Reasons>
    </section>
  );
}

type Services = ReadonlyMap<string, ServiceSummary> | null;

/** Says what the health means, without its name where the title has it. */
function meaningOf({ status }: ApiStatus): string {
  if (status.health === 'starting') return 'No pass has ended yet.';
  const words = describeHealth(status);
  const name = `${titleOf(status.health).toLowerCase()}: `;
  const meaning = words.startsWith(name) ? words.slice(name.length) : words;
  return `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`;
}

function Since({ time }: { time: string }) {
  const now = useNow();
  const age = formatAge((now.getTime() - Date.parse(time)) / 1000);
  return (
    <p class="since">
      since <time dateTime={time}>{formatTime(time, now)}</time>, for {age}
    </p>
  );
}

/** Addresses of services, and code in backticks. */
const MARKED = /((?:tcp|udp|sctp):\/\/[^\s,;]*[^\s,;:.]|fwmark:\d+(?:\/ipv6)?|`[^`]+`)/;

/** A sentence whose services are links. */
export function Sentence({ of: text, services }: { of: string; services: Services }) {
  const parts = text.split(MARKED);
  return (
    <bdi>
      {parts.map((part, index) => {
        if (part.startsWith('`') && index % 2 === 1)
          return <Code key={index} of={part.slice(1, -1)} />;
        return services?.has(part) ? (
          <a key={index} href={routeOf(part)}>
            <Text of={part} />
          </a>
        ) : (
          <Text key={index} of={part} />
        );
      })}
    </bdi>
  );
}

/** The sums over all services. */
export function Figures({ services }: { services: Services }) {
  if (!services) return null;
  const all = [...services.values()];
  const sum = (value: (one: ServiceSummary) => number): number =>
    all.reduce((total, one) => total + value(one), 0);
  const usable = sum((one) => one.usable);
  const destinations = sum((one) => one.destinations);
  const figures: readonly (readonly [name: string, value: string, more?: string])[] = [
    ['Services', formatCount(all.length)],
    ['Destinations', formatCount(usable), ` of ${formatCount(destinations)} usable`],
    ['Connections/s', formatCount(sum(({ rates }) => rates.connections))],
    ['Active', formatCount(sum(({ connections }) => connections.active))],
    ['In', formatBytes(sum(({ rates }) => rates.in_bytes))],
    ['Out', formatBytes(sum(({ rates }) => rates.out_bytes))],
  ];
  return (
    <dl class="figures">
      {figures.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {more && <small>{more}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
