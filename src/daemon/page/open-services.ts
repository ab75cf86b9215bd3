import { useCallback, useEffect, useState } from 'preact/hooks';
import { MAX_OPEN } from './feed.ts';
import { addressOfRoute, routeOf } from './links.ts';

export interface Opening {
  /** The services that are open, the latest last. */
  readonly open: readonly string[];
  /** The service that a link asked for. */
  readonly target: string | undefined;
  readonly toggle: (service: string) => void;
}

/** Keeps the services that are open. The address of the page names the one that was opened last. */
export function useOpenServices(): Opening {
  const linked = addressOfRoute(location.hash);
  const [target, setTarget] = useState(linked);
  const [open, setOpen] = useState<readonly string[]>(linked === undefined ? [] : [linked]);
  useEffect(() => {
    const followLink = (): void => {
      const service = addressOfRoute(location.hash);
      setTarget(service);
      if (service !== undefined) setOpen((all) => withLatest(all, service));
    };
    window.addEventListener('hashchange', followLink);
    return () => window.removeEventListener('hashchange', followLink);
  }, []);
  const toggle = useCallback((service: string) => {
    setTarget(undefined);
    setOpen((all) => {
      const isOpen = all.includes(service);
      const next = isOpen ? all.filter((one) => one !== service) : withLatest(all, service);
      const latest = next.at(-1);
      // Back and forward are for links; they do not open and close services one after the other.
      history.replaceState(null, '', latest === undefined ? '#' : routeOf(latest));
      return next;
    });
  }, []);
  return { open, target, toggle };
}

function withLatest(all: readonly string[], service: string): readonly string[] {
  return [...all.filter((one) => one !== service), service].slice(-MAX_OPEN);
}
