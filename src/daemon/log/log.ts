import pino from 'pino';
import type { LogFormat, LogLevel } from './log-options.ts';

/** The fields of an entry, for programs. */
export type LogFields = { readonly event: string } & { readonly [field: string]: unknown };

export type Log = { readonly [level in LogLevel]: (fields: LogFields, message: string) => void };

interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly write: (text: string) => void;
  readonly now?: () => Date;
}

/** Creates a log. `json` writes one line for each entry; `journal` marks priorities for systemd. */
export function createLog({ format, level, write, now = () => new Date() }: LogOptions): Log {
  const timestamp = (): string => `,"time":"${now().toISOString()}"`;
  const formatters = { level: (label: string) => ({ level: label }) };
  const logger = pino(
    { level, base: null, timestamp, formatters },
    { write: (line) => write(render(line, format)) },
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** An entry as pino writes it. */
interface Entry {
  readonly level: LogLevel;
  readonly time: string;
  readonly msg: string;
}

/** Priorities of syslog (sd-daemon.h). */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

function render(json: string, format: LogFormat): string {
  if (format === 'json') return json;
  const { level, time, msg } = JSON.parse(json) as Entry;
  const lines = msg.trimEnd().split('\n');
  // The journal keeps the time itself.
  if (format === 'journal') return lines.map((line) => `<${PRIORITIES[level]}>${line}\n`).join('');
  return lines
    .map((line, index) =>
      index === 0 ? `${time.slice(0, 19)}Z ${level.padEnd(5)} ${line}\n` : `    ${line}\n`,
    )
    .join('');
}
