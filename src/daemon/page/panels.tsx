import type { ComponentChildren } from 'preact';
import { countOf } from '../../render/count-of.ts';
import type { ApiStatus, ServiceSummary } from '../api/documents.ts';
import { SHOWN_FINGERPRINT, type StatusError } from '../status/status.ts';
import { describePause, formatPlace } from '../status/status-text.ts';
import type { HistoryRun } from './documents.ts';
import { formatCountdown, formatTime } from './format.ts';
import { routeOf } from './links.ts';
import { Code, Command, Text, useNow } from './parts.tsx';
import { Sentence } from './verdict.tsx';

interface PanelProps {
  readonly title: string;
  readonly count?: number | undefined;
  readonly tone?: string;
  readonly children: ComponentChildren;
}

export function Panel({ title, count, tone = '', children }: PanelProps) {
  return (
    <section class={`panel ${tone}`} aria-label={title}>
      <h2>
        {title}
        {count !== undefined && <span class="count">{count}</span>}
      </h2>
      {children}
    </section>
  );
}

/** A longer list is no longer read. The commands show all of it. */
const SHOWN = 20;

interface ListProps<T> {
  readonly title: string;
  readonly of: readonly T[];
  readonly tone?: string;
  readonly children: (item: T) => ComponentChildren;
}

/** A panel with a line for each item. There is none without items. */
function ListPanel<T>({ title, of: items, tone = '', children }: ListProps<T>) {
  if (items.length === 0) return null;
  return (
    <Panel title={title} count={items.length} tone={tone}>
      <ul>
        {items.slice(0, SHOWN).map((item, index) => (
          <li key={index}>{children(item)}</li>
        ))}
        {items.length > SHOWN && <li class="note">and {items.length - SHOWN} more</li>}
      </ul>
    </Panel>
  );
}

interface StatusProps {
  readonly document: ApiStatus;
  readonly services: ReadonlyMap<string, ServiceSummary> | null;
}

/** The panels that ask for a decision. */
export function UrgentPanels({ document }: Pick<StatusProps, 'document'>) {
  return (
    <div class="urgent">
      <HeldPlan document={document} />
      <Try document={document} />
      <LastError document={document} />
    </div>
  );
}

/** The panels of the daemon's state. */
export function StatusPanels({ document, services }: StatusProps) {
  const { status, doctor, problems } = document;
  return (
    <>
      {status.paused && (
        <Panel title="Pause" tone="info">
          <p>
            <Text of={describePause(status.paused)} />
          </p>
        </Panel>
      )}
      <ListPanel title="Contested" tone="warn" of={status.contested}>
        {({ object, reversals }) => (
          <>
            <Sentence of={object} services={services} />
            <span class="note">changed back {countOf(reversals, 'time')}</span>
          </>
        )}
      </ListPanel>
      <ListPanel title="Differences" tone="warn" of={status.differences}>
        {(difference) => <Sentence of={difference} services={services} />}
      </ListPanel>
      <ListPanel title="Refused by the kernel" tone="bad" of={status.refused_parts ?? []}>
        {({ part, reason, hint }) => (
          <>
            <Sentence of={part} services={services} />
            <span class="note">
              <Text of={reason} />
              {hint && <Text of={`. ${hint}`} />}
            </span>
          </>
        )}
      </ListPanel>
      <Drains document={document} />
      <ListPanel title="Overrides" tone="info" of={status.overrides ?? []}>
        {({ service, destination, note }) => (
          <>
            <Code of={destination} /> of{' '}
            <a href={routeOf(service)}>
              <Text of={service} />
            </a>
            <span class="note">
              <Text of={note} />
            </span>
          </>
        )}
      </ListPanel>
      <ListPanel title="Not known" tone="warn" of={problems}>
        {(problem) => <Text of={problem} />}
      </ListPanel>
      <ListPanel title="Doctor" tone="warn" of={doctor ?? []}>
        {({ title, hint }) => (
          <>
            <Sentence of={title} services={services} />
            {hint && (
              <span class="note">
                <Sentence of={hint} services={services} />
              </span>
            )}
          </>
        )}
      </ListPanel>
    </>
  );
}

function HeldPlan({ document: { status, waiting_plan } }: { document: ApiStatus }) {
  const { waiting } = status;
  if (!waiting) return null;
  return (
    <Panel title="Held plan" tone="warn">
      <ul>
        {waiting.refusals.map(({ message, guard }) => (
          <li key={message}>
            <Text of={message} /> <small>guard {guard}</small>
          </li>
        ))}
      </ul>
      <Lines of={waiting_plan ?? waiting.changes} isPlan />
      <Command line={`ipvstate approve ${waiting.plan.slice(0, SHOWN_FINGERPRINT)}`}>
        executes it
      </Command>
    </Panel>
  );
}

/** Lines of a plan or an excerpt, as the command line prints them. */
function Lines({ of: lines, isPlan = false }: { of: readonly string[]; isPlan?: boolean }) {
  return (
    <pre tabIndex={0} class={isPlan ? 'plan' : ''}>
      {lines.map((line, index) => (
        <span key={index} class={isPlan ? toneOfLine(line) : ''}>
          <Text of={line} />
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

/** The colour of a line of a plan, by its sign. */
function toneOfLine(line: string): string {
  return { '+': 'good', '-': 'bad', '~': 'warn' }[line.trimStart().charAt(0)] ?? '';
}

function Try({ document: { at, try: running } }: { document: ApiStatus }) {
  const now = useNow();
  if (!running) return null;
  const left = (Date.parse(running.until) - now.getTime()) / 1000;
  return (
    <Panel title="Try" tone="info">
      <p>
        <strong class="countdown">{formatCountdown(left)}</strong> until it is rolled back, at{' '}
        {formatTime(running.until, new Date(at))}
      </p>
      <Command line={running.command}>keeps the change</Command>
    </Panel>
  );
}

function LastError({ document: { status, error_excerpt } }: { document: ApiStatus }) {
  const { error, config } = status;
  const errors = [config.error, error].filter((one): one is StatusError => one !== null);
  if (errors.length === 0) return null;
  return (
    <Panel title="Last error" tone={error ? 'bad' : 'warn'}>
      {errors.map((one) => (
        <p key={one.message}>
          <Text of={`${formatPlace(one)}${one.message}`} />
          {one.hint && (
            <span class="note">
              <Text of={one.hint} />
            </span>
          )}
        </p>
      ))}
      {error_excerpt && <Lines of={error_excerpt} />}
    </Panel>
  );
}

function Drains({ document: { at, status } }: { document: ApiStatus }) {
  const now = useNow();
  const passed = Math.max(0, (now.getTime() - Date.parse(at)) / 1000);
  return (
    <ListPanel title="Drains" tone="info" of={status.drains}>
      {({ service, destination, seconds_left }) => (
        <>
          <Code of={destination} /> of{' '}
          <a href={routeOf(service)}>
            <Text of={service} />
          </a>
          <span class="note">at most {formatCountdown(seconds_left - passed)} more</span>
        </>
      )}
    </ListPanel>
  );
}

/** The last runs, the newest first. */
export function History({ runs }: { readonly runs: readonly HistoryRun[] }) {
  const now = useNow();
  if (runs.length === 0) return null;
  return (
    <Panel title="History">
      <ul class="runs">
        {runs.map((run) => (
          <li key={run.id}>
            <time dateTime={run.begun}>{formatTime(run.begun, now)}</time>
            <span>
              <Text of={run.verb} />{' '}
              <span class={GOOD_OUTCOMES.has(run.outcome) ? '' : 'outcome'}>
                <Text of={run.outcome} />
              </span>
              , {countOf(run.planned.changes, 'change')}
              <span class="note">
                <Text of={describeCaller(run)} />
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const GOOD_OUTCOMES = new Set(['applied', 'in-sync', 'confirmed']);

/** Says who or what caused a run. */
function describeCaller({ by, caller, trigger, verb }: HistoryRun): string {
  const who = by ?? (verb === 'watch' ? null : caller?.user);
  const cause = trigger === 'command' ? [] : [trigger];
  return [...(who ? [`by ${who}`] : []), ...cause].join(', ');
}

const SHOWN_DIGEST = 12;

/** The files that are followed, and the daemon itself. */
export function Files({ document: { status } }: { document: ApiStatus }) {
  const { program, watch, files, drift } = status;
  const now = useNow();
  return (
    <Panel title="Files" count={files.length}>
      <ul>
        {files.map(({ path, sha256, problem }) => (
          <li key={path}>
            <Code of={path} />
            <span class={problem ? 'note bad' : 'note'}>
              {problem ? <Text of={problem} /> : `sha256 ${(sha256 ?? '').slice(0, SHOWN_DIGEST)}`}
            </span>
          </li>
        ))}
      </ul>
      <p class="note">
        ipvstate {program.version}, process {program.pid}, since {formatTime(program.started, now)}.
        Drift: {drift}. Watch:{' '}
        <Text of={watch.reason ? `${watch.mode}: ${watch.reason}` : watch.mode} />.
      </p>
    </Panel>
  );
}
