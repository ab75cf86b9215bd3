import { useState } from 'preact/hooks';
import { shellWord } from '../../model/shell-word.ts';
import type { DestinationDetails, ServiceSummary } from '../api/documents.ts';
import type { DestinationPlot } from './destination-plots.ts';
import { formatBytes, formatCount, formatShare, formatTime } from './format.ts';
import type { FollowedDetail } from './page-state.ts';
import { Code, Command, State, Text, useNow } from './parts.tsx';
import { Sparkline, TimePlot } from './plots.tsx';

interface Props {
  readonly summary: ServiceSummary;
  /** undefined: not received yet. */
  readonly detail: FollowedDetail | undefined;
  readonly readAt: string;
}

/** The inside of an open service: notes, plots and destinations. */
export function Detail({ summary, detail, readAt }: Props) {
  const { notes, source, plot, persistence, connections } = summary;
  return (
    <div class="detail">
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li key={note}>
              <Text of={note} />
            </li>
          ))}
        </ul>
      )}
      <p class="facts">
        <span>scheduler {summary.scheduler}</span>
        {persistence && <span>persistent {persistence}</span>}
        <span>{formatCount(connections.inactive)} inactive connections</span>
        {connections.persistent > 0 && (
          <span>{formatCount(connections.persistent)} persistent clients</span>
        )}
        {source && (
          <span>
            from <Code of={`${source.file}:${source.line}`} />
          </span>
        )}
      </p>
      <Command line={`ipvstate explain ${shellWord(summary.service)}`}>
        says where each value comes from, and what acts on the service
      </Command>
      {plot && (
        <div class="plots">
          <TimePlot
            title="Connections/s"
            values={plot.connections}
            {...{ until: readAt, interval: plot.interval_seconds, format: formatCount }}
          />
          <TimePlot
            title="Bytes/s"
            values={plot.bytes}
            {...{ until: readAt, interval: plot.interval_seconds, format: formatBytes }}
          />
        </div>
      )}
      {detail ? <Destinations of={detail} /> : <p class="empty">Reading the destinations …</p>}
    </div>
  );
}

/** A table that is longer is slow to draw. */
const SHOWN_DESTINATIONS = 200;

const COLUMNS = 10;

function Destinations({ of: { service, destinations_list: all, plots } }: { of: FollowedDetail }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? all : all.slice(0, SHOWN_DESTINATIONS);
  if (all.length === 0) return <p class="empty">This service has no destinations.</p>;
  return (
    <div class="destinations" role="region" aria-label={`Destinations of ${service}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Destination</th>
            <th scope="col">State</th>
            <th scope="col" class="more">
              Forward
            </th>
            <th scope="col" class="number">
              Weight
            </th>
            <th scope="col" class="number">
              Active
            </th>
            <th scope="col" class="number more">
              Inactive
            </th>
            <th scope="col" class="number more">
              Conn/s
            </th>
            <th scope="col" class="number more">
              In
            </th>
            <th scope="col" class="number more">
              Out
            </th>
            <th scope="col" class="number">
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Destination key={row.destination} row={row} plot={plots?.plots.get(row.destination)} />
          ))}
        </tbody>
      </table>
      {shown.length < all.length && (
        <button type="button" class="whole" onClick={() => setWhole(true)}>
          Show all {formatCount(all.length)} destinations
        </button>
      )}
    </div>
  );
}

interface DestinationProps {
  readonly row: DestinationDetails;
  readonly plot: DestinationPlot | undefined;
}

function Destination({ row, plot }: DestinationProps) {
  const { destination, state, forward, weight, connections, rates, share, health } = row;
  const notes = notesOf(row);
  const isUsed = weight.live !== null && weight.live > 0;
  return (
    <>
      <tr class={isUsed ? '' : 'unused'}>
        <th scope="row">
          <Code of={destination} />
        </th>
        <td>
          <State of={state} />
        </td>
        <td class="more">{forward}</td>
        <td class="number">
          {weight.live ?? 'none'}
          {weight.desired !== null && weight.desired !== weight.live && (
            <span class="desired"> → {weight.desired}</span>
          )}
        </td>
        <td class="number">{formatCount(connections.active)}</td>
        <td class="number more">{formatCount(connections.inactive)}</td>
        <td class="number more">
          <span class="rate">
            <Sparkline values={plot?.connections} />
            {formatCount(rates.connections)}
          </span>
        </td>
        <td class="number more">{formatBytes(rates.in_bytes)}</td>
        <td class="number more">
          <span class="rate">
            <Sparkline values={plot?.bytes} />
            {formatBytes(rates.out_bytes)}
          </span>
        </td>
        <td class="number">
          <span class="share">
            <meter min={0} max={1} value={share} aria-label="Share of the traffic" />
            {formatShare(share)}
          </span>
        </td>
      </tr>
      {notes.map((note) => (
        <tr key={note} class="about">
          <td colSpan={COLUMNS}>
            <Text of={note} />
            {note === health?.text && health.since && <Since time={health.since} />}
          </td>
        </tr>
      ))}
    </>
  );
}

/** The notes of a destination, with one about its health unless it is healthy. */
function notesOf({ notes, health }: DestinationDetails): readonly string[] {
  if (!health || health.state === 'healthy' || notes.includes(health.text)) return notes;
  return [...notes, health.text];
}

function Since({ time }: { time: string }) {
  return (
    <>
      , since <time dateTime={time}>{formatTime(time, useNow())}</time>
    </>
  );
}
