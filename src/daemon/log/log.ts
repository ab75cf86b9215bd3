import pino from 'pino';
import type { LogFormat, LogLevel } from './log-options.ts';

/** What a line says beside its message, for machines. */
export type LogFields = { readonly event: string } & { readonly [field: string]: unknown };

export type Log = { readonly [level in LogLevel]: (fields: LogFields, message: string) => void };

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly write: (text: string) => void;
  readonly now?: () => Date;
}

/** One line of JSON, or lines for people; `journal` is what systemd reads the priority of each line from. */
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

interface Line {
  readonly level: LogLevel;
  readonly time: string;
  readonly msg: string;
}

/** syslog's numbers (sd-daemon.h). */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

function render(json: string, format: LogFormat): string {
  if (format === 'json') return json;
  const { level, time, msg } = JSON.parse(json) as Line;
  const lines = msg.trimEnd().split('\n');
  // The journal has the time already.
  if (format === 'journal') return lines.map((line) => `<${PRIORITIES[level]}>${line}\n`).join('');
  return lines
    .map((line, index) =>
      index === 0 ? `${time.slice(0, 19)}Z ${level.padEnd(5)} ${line}\n` : `    ${line}\n`,
    )
    .join('');
}
