import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { formatAge, formatDate, formatTime } from './format.ts';
import type { Connection } from './page-state.ts';
import { Text, useNow } from './parts.tsx';
import type { Tone } from './states.ts';

interface BarProps {
  /** The name of what the page is about. undefined: not known yet. */
  readonly subject: string | undefined;
  readonly state: ComponentChildren;
  /** The pages that there are. One page has no links. */
  readonly pages: readonly PageLink[];
  readonly connection: Connection;
  /** Why what is shown is not of now, although the daemon answers. */
  readonly trouble: string | undefined;
}

interface PageLink {
  readonly path: string;
  readonly title: string;
}

/** The pages of a daemon that follows etcd. */
export const ETCD_PAGES: readonly PageLink[] = [
  { path: '/', title: 'Table' },
  { path: '/fleet', title: 'Fleet' },
];

/** The line that stays on the screen: what this is about, its state, and how old the data is. */
export function Bar({ subject, state, pages, connection, trouble }: BarProps) {
  return (
    <header class="bar">
      <span class="brand">ipvstate</span>
      {pages.length > 0 && (
        <nav aria-label="Pages">
          {pages.map(({ path, title }) => (
            <a
              key={path}
              href={path}
              aria-current={location.pathname === path ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
      )}
      {subject !== undefined && (
        <>
          <strong class="host">
            <Text of={subject} />
          </strong>
          {connection.kind !== 'stale' && state}
        </>
      )}
      <Freshness {...{ connection, trouble }} />
    </header>
  );
}

function Freshness({ connection, trouble }: Pick<BarProps, 'connection' | 'trouble'>) {
  const now = useNow();
  switch (connection.kind) {
    case 'connecting':
      return <span class="freshness">Connecting …</span>;
    case 'live':
      return trouble === undefined ? (
        <span class="freshness live">Live</span>
      ) : (
        <span class="freshness stale" role="alert">
          {trouble}
        </span>
      );
    case 'snapshot':
      return <span class="freshness">Snapshot of {formatDate(now)}</span>;
    case 'stale':
      return (
        <span class="freshness stale" role="alert">
          Stale since {formatTime(new Date(connection.since).toISOString(), now)}
          <span aria-hidden> ({formatAge((now.getTime() - connection.since) / 1000)})</span>
        </span>
      );
  }
}

interface TabState {
  readonly title: string;
  readonly tone: Tone;
}

/** Shows the state in the tab of the browser, as its title and its icon. undefined: not known. */
export function useTabTitle(state: TabState | undefined, subject: string | undefined): void {
  const { title, tone } = state ?? {};
  useEffect(() => {
    if (title === undefined || tone === undefined) return;
    document.title = `${title} · ${subject} · ipvstate`;
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
    const colour = getComputedStyle(document.documentElement).getPropertyValue(`--${tone}`).trim();
    const circle = `<circle cx="8" cy="8" r="7" fill="${colour}"/>`;
    const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${circle}</svg>`;
    if (icon) icon.href = `data:image/svg+xml,${encodeURIComponent(image)}`;
  }, [title, tone, subject]);
}
