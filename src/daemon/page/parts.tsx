import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { titleOf, toneOf } from './states.ts';

/** Text from outside, in its own direction. */
export function Text({ of: text }: { readonly of: string }) {
  return <bdi>{text}</bdi>;
}

/** An address, a path or a command line. */
export function Code({ of: text }: { readonly of: string }) {
  return (
    <code>
      <Text of={text} />
    </code>
  );
}

export function State({ of: state }: { readonly of: string }) {
  return <span class={`state ${toneOf(state)}`}>{titleOf(state).toLowerCase()}</span>;
}

/** The time of a page that was exported. undefined: time passes. */
export const TimeOfPage = createContext<Date | undefined>(undefined);

/** The time, which is new each second. */
export function useNow(): Date {
  const fixed = useContext(TimeOfPage);
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (fixed) return undefined;
    const timer = window.setInterval(() => setNow(new Date()), 1000);
    return () => window.clearInterval(timer);
  }, [fixed]);
  return fixed ?? now;
}

/** The reasons of a verdict, as `children` shows each, and the commands that help. */
export function Reasons({
  of: reasons,
  help,
  children,
}: {
  readonly of: readonly string[];
  readonly help: readonly { readonly command: string; readonly text: string }[];
  readonly children: (reason: string) => ComponentChildren;
}) {
  return (
    <div class="reasons">
      {reasons.length > 0 && (
        <ul class="why">
          {reasons.map((reason) => (
            <li key={reason}>{children(reason)}</li>
          ))}
        </ul>
      )}
      {help.length > 0 && (
        <div class="help">
          {help.map(({ command, text }) => (
            <Command key={command} line={command}>
              <Text of={text} />
            </Command>
          ))}
        </div>
      )}
    </div>
  );
}

const COPIED_MILLISECONDS = 2000;

/** A command line with a button that copies it, and words about its effect. */
export function Command({ line, children }: { line: string; children?: ComponentChildren }) {
  const [isCopied, setCopied] = useState(false);
  const timer = useRef(0);
  const copy = async (): Promise<void> => {
    await copyText(line);
    setCopied(true);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setCopied(false), COPIED_MILLISECONDS);
  };
  return (
    <div class="command">
      <span class="line">
        <Code of={line} />
        <button type="button" aria-label={`Copy ${line}`} onClick={copy}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      </span>
      {children && <span class="effect">{children}</span>}
      <span class="unseen" role="status">
        {isCopied ? 'Copied' : ''}
      </span>
    </div>
  );
}

/** Copies a text. Browsers have no clipboard for a page of another machine without TLS. */
async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  const { activeElement } = document;
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  if (activeElement instanceof HTMLElement) activeElement.focus();
}
