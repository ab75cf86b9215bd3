import { formatTime } from '../format.ts';
import { Panel } from '../panels.tsx';
import { Code, Text, useNow } from '../parts.tsx';
import type { OverrideDocument } from './fleet-documents.ts';

/** So many directors are named. */
const SHOWN = 5;

/** The weights that operators set on all directors, and the directors where they do not hold. */
export function FleetOverrides({ of: overrides }: { of: readonly OverrideDocument[] }) {
  if (overrides.length === 0) return null;
  return (
    <aside aria-label="Overrides of the fleet">
      <Panel title="Overrides" count={overrides.length} tone="info">
        <ul>
          {overrides.map((one) => (
            <li key={one.id}>
              <Override of={one} />
            </li>
          ))}
        </ul>
      </Panel>
    </aside>
  );
}

function Override({ of: one }: { of: OverrideDocument }) {
  const now = useNow();
  const { id, problem, service, destination, weight, by, reason, until, nodes } = one;
  if (problem !== null) return <Text of={`${id} is not in effect: ${problem}`} />;
  const end = until === null ? 'without end' : `until ${formatTime(until, now)}`;
  const others = nodes.filter(({ stage }) => stage !== 'in-effect');
  const more = others.length - SHOWN;
  return (
    <>
      <Code of={destination ?? ''} /> of{' '}
      {service === null ? 'every service' : <Code of={service} />}
      <span class="note">
        <Text of={`weight ${weight} by ${by} ${end}${reason ? `: ${reason}` : ''}`} />
      </span>
      <span class="note">
        in effect on {nodes.length - others.length} of {nodes.length}
      </span>
      {others.slice(0, SHOWN).map(({ node, stage, why }) => (
        <span key={node} class="note">
          <Text
            of={`not on ${node}: ${why ?? (stage === 'over' ? 'its time is over there' : 'not yet')}`}
          />
        </span>
      ))}
      {more > 0 && <span class="note">and {more} more</span>}
    </>
  );
}
