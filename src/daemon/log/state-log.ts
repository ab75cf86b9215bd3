import type { IpvstateError } from '../../errors.ts';
import { formatDuration } from '../../model/duration.ts';
import type { KeptReport } from '../../plan/report.ts';
import type { ConfigProblem } from '../../reconcile/loop/config-state.ts';
import { healthOf } from '../../reconcile/loop/health.ts';
import type { LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { countOf } from '../../render/count-of.ts';
import { formatIssues } from '../../render/issues.ts';
import { formatRefusals, formatReport } from '../../render/plan-text.ts';
import { changeTitles, driftTitles } from '../status/change-titles.ts';
import { exitCodeOfPass } from '../status/pass-exit.ts';
import { describeInvalid, SHOWN_FINGERPRINT } from '../status/status.ts';
import type { Log, LogFields } from './log.ts';
import type { LogLevel } from './log-options.ts';
import type { Repetition, RepetitionLimit } from './repetition.ts';

const SHOWN_CHANGES = 20;

/** Logs each change of the loop's state once, and a lasting problem more and more rarely. */
export class StateLog {
  readonly #log: Log;
  readonly #limit: RepetitionLimit;
  readonly #texts: () => ReadonlyMap<string, string>;

  /** `texts` gives the texts of the files that have issues, by file name. */
  constructor(log: Log, limit: RepetitionLimit, texts: () => ReadonlyMap<string, string>) {
    this.#log = log;
    this.#limit = limit;
    this.#texts = texts;
  }

  changed(state: LoopState, previous: LoopState): void {
    this.#config(state, previous);
    if (state.lastPass && state.lastPass !== previous.lastPass)
      this.#pass(state.lastPass, state, previous);
    if (state.pause !== previous.pause) this.#pause(state, previous);
    this.#contested(state, previous);
    if (state.unserved !== previous.unserved) this.#unserved(state, previous);
    if (state.refusedParts !== previous.refusedParts) this.#refusedParts(state, previous);
    if (state.source !== previous.source) this.#source(state.source);
    if (state.watch.mode !== previous.watch.mode) this.#watch(state.watch);
  }

  /** Logs a lasting problem of the configuration when it is due. To be called every few seconds. */
  remind({ config }: LoopState): void {
    if (config.problem) this.#problem(config.problem, config.good !== undefined);
  }

  #config({ config }: LoopState, { config: previous }: LoopState): void {
    if (config.problem && config.problem !== previous.problem)
      this.#problem(config.problem, config.good !== undefined);
    if (!config.problem && this.#limit.end('config'))
      this.#log.info({ event: 'config-valid' }, 'the configuration is valid again');
    if (!config.good || config.good === previous.good) return;
    const { desired, files, issues, digest } = config.good;
    const size = `${countOf(files.length, 'file')}, ${countOf(desired.services.size, 'service')}`;
    this.#log.info(
      { event: 'config-read', digest, services: desired.services.size },
      `read ${size}`,
    );
    if (issues.length > 0)
      this.#log.warn({ event: 'config-warnings', issues }, this.#issues(issues));
  }

  #problem({ issues, error }: ConfigProblem, wasValid: boolean): void {
    const text = error
      ? `${error.message}${error.hint ? `\n${error.hint}` : ''}`
      : this.#issues(issues);
    const fields: LogFields = {
      event: 'config-invalid',
      issues,
      ...(error && { code: error.code }),
    };
    this.#repeat('config', 'error', fields, `${describeInvalid(wasValid)}\n${text}`, error);
  }

  #issues(issues: ConfigProblem['issues']): string {
    return formatIssues(issues, this.#texts(), { color: false, width: 100 });
  }

  #pass(pass: PassResult, state: LoopState, previous: LoopState): void {
    this.#warnings(pass.report, previous.lastPass?.report);
    const { refused, drift, health } = state;
    const { outcome, report, error } = pass;
    const fields: LogFields = {
      event: outcome,
      triggers: pass.triggers,
      exit_code: exitCodeOfPass(pass),
      health: health.state,
      milliseconds: Math.round(pass.finishedAt - pass.startedAt),
      ...(report && { operations: report.done, changes: report.plan.changes.length }),
    };
    switch (outcome) {
      case 'in-sync': {
        const isNews = this.#limit.end('pass') || previous.lastPass === undefined;
        this.#log[isNews ? 'info' : 'debug'](fields, 'in sync: the live table is as desired');
        return;
      }
      case 'applied':
        this.#applied(pass, state, previous, fields);
        return;
      case 'refused': {
        if (!refused) return;
        const plan = refused.fingerprint.slice(0, SHOWN_FINGERPRINT);
        const lines = [
          'a guard holds the plan back: nothing is written',
          'This ends when the plan is approved, or when the configuration changes.',
          ...formatRefusals(refused.refusals, { heldBack: plan }).trimEnd().split('\n'),
          ...changeTitles(refused.plan.changes, SHOWN_CHANGES),
        ];
        this.#repeat('pass', 'warn', { ...fields, plan }, lines.join('\n'));
        return;
      }
      case 'drift': {
        // Each contested object has a line of its own.
        if (healthOf({ ...state, checked: [] }, 0).state === 'contested') {
          this.#log.debug(fields, 'the contested objects are left alone');
          return;
        }
        const titles = drift ? driftTitles(drift, SHOWN_CHANGES) : [];
        this.#repeat(
          'pass',
          'warn',
          fields,
          ['the live table differs from the desired one, and is left so', ...titles].join('\n'),
        );
        return;
      }
      case 'failed':
        this.#repeat(
          'pass',
          'error',
          { ...fields, code: error?.code },
          `${error?.message}${error?.hint ? `\n${error.hint}` : ''}`,
          error,
        );
        return;
      case 'rolled-back':
      case 'partial':
      case 'unverified':
        if (error?.code === 'ABORTED') {
          const done = countOf(report?.done ?? 0, 'operation');
          this.#log.info(fields, `stopped between two operations: ${done} done`);
          return;
        }
        this.#repeat(
          'pass',
          'error',
          fields,
          report ? formatReport(report, { counters: new Map() }) : outcome,
        );
        return;
      default:
        this.#log.debug(fields, outcome);
    }
  }

  /** A warning is about something that goes on, such as a drain. It is logged when it begins. */
  #warnings(report: KeptReport | undefined, previous: KeptReport | undefined): void {
    for (const warning of report?.warnings ?? [])
      if (!previous?.warnings.includes(warning)) this.#log.warn({ event: 'warning' }, warning);
  }

  #applied(pass: PassResult, state: LoopState, previous: LoopState, fields: LogFields): void {
    this.#limit.end('pass');
    const { report } = pass;
    if (!report) return;
    const isDrift = state.totals.corrections > previous.totals.corrections;
    const lost = isDrift ? pass.newlyServed : [];
    const event = isDrift ? 'drift corrected' : 'applied and verified';
    const sum = `${event}: ${countOf(report.done, 'operation')}`;
    const lines = [
      ...changeTitles(report.plan.changes, SHOWN_CHANGES),
      ...(lost.length > 0 ? [`without a usable server until then: ${formatServices(lost)}`] : []),
    ];
    const level = lost.length > 0 ? 'error' : isDrift ? 'warn' : 'info';
    const logged = { ...fields, drift: isDrift, ...(lost.length > 0 && { unserved: lost }) };
    // The same fight goes on every few seconds.
    if (isDrift && state.contested.length > 0)
      this.#repeat('drift', level, logged, [sum, ...lines].join('\n'));
    else this.#log[level](logged, [`${sum} in ${fields.milliseconds} ms`, ...lines].join('\n'));
  }

  #unserved({ unserved }: LoopState, { unserved: before }: LoopState): void {
    const added = unserved.filter((service) => !before.includes(service));
    if (added.length > 0)
      this.#log.error(
        { event: 'unserved', services: added },
        `no usable server in the kernel, although the files have some: ${formatServices(added)}`,
      );
    const gone = before.filter((service) => !unserved.includes(service));
    if (gone.length > 0)
      this.#log.info({ event: 'served', services: gone }, `served again: ${formatServices(gone)}`);
  }

  #refusedParts({ refusedParts }: LoopState, { refusedParts: before }: LoopState): void {
    const known = new Set(before.map(({ part }) => part));
    const left = new Set(refusedParts.map(({ part }) => part));
    for (const { part, reason, hint } of refusedParts.filter((each) => !known.has(each.part)))
      this.#log.error(
        { event: 'part-refused', part },
        [
          `the kernel refuses ${part}, which is left out until something changes: ${reason}`,
          ...(hint === undefined ? [] : [hint]),
        ].join('\n'),
      );
    for (const { part } of before.filter((each) => !left.has(each.part)))
      this.#log.info({ event: 'part-accepted', part }, `${part} is no longer left out`);
  }

  #contested({ contested, lastPass }: LoopState, { contested: previous }: LoopState): void {
    if (contested === previous) return;
    const before = new Set(previous.map(({ name }) => name));
    const now = new Set(contested.map(({ name }) => name));
    for (const { name, reversals, delay, retryAt } of contested) {
      if (before.has(name)) continue;
      const isLeftAlone = lastPass === undefined || retryAt > lastPass.startedAt;
      const answer = isLeftAlone
        ? `is left alone for ${formatDuration(delay / 1000)}`
        : 'is put back each time, because clients get no answer without it';
      const text = `changed back ${reversals} times by another program: ${name} ${answer}`;
      this.#log.warn({ event: 'contested', object: name, reversals }, text);
    }
    if (contested.length === 0) this.#limit.end('drift');
    for (const name of before) {
      if (!now.has(name))
        this.#log.info({ event: 'uncontested', object: name }, `${name} is no longer changed back`);
    }
  }

  #pause({ pause }: LoopState, { pause: before }: LoopState): void {
    if (!pause) {
      this.#log.info({ event: 'resumed', who: before?.who }, 'the pause is over');
      return;
    }
    const { who, reason, services, sinceSeconds, untilSeconds } = pause;
    const seconds =
      untilSeconds === undefined ? undefined : Math.round(untilSeconds - sinceSeconds);
    const end = seconds === undefined ? 'without an end' : `for ${formatDuration(seconds)}`;
    const what = services ? formatServices(services) : 'nothing is written';
    this.#log.warn(
      { event: 'paused', who, reason, services, seconds },
      `paused by ${who}, ${end}: ${what}${reason === undefined ? '' : ` (${reason})`}`,
    );
  }

  #source(source: LoopState['source']): void {
    if (!source) {
      if (this.#limit.end('source'))
        this.#log.info({ event: 'source-read' }, 'the source of the configuration is read again');
      return;
    }
    const { message, hint } = source;
    const stays = 'the configuration from before stays in force';
    const text = `${message}; ${stays}${hint === undefined ? '' : `\n${hint}`}`;
    this.#repeat('source', 'warn', { event: 'source-unreachable' }, text);
  }

  #watch({ mode, reason }: LoopState['watch']): void {
    if (mode === 'poll')
      this.#log.warn({ event: 'watch-mode', mode }, `the files are polled: ${reason}`);
    else if (mode === 'etcd')
      this.#log.info({ event: 'watch-mode', mode }, 'the configuration is watched in etcd');
    else this.#log.info({ event: 'watch-mode', mode }, 'the files are watched by inotify');
  }

  #repeat(
    topic: string,
    level: LogLevel,
    fields: LogFields,
    text: string,
    error?: IpvstateError,
  ): void {
    const repetition = this.#limit.note(topic, text);
    if (!repetition) return;
    this.#log[level](
      { ...fields, repeated: repetition.repeated },
      `${text.trimEnd()}${formatRepetition(repetition)}`,
    );
    const bug = error?.code === 'INTERNAL' ? error.cause : undefined;
    if (bug instanceof Error) this.#log.debug({ event: 'stack' }, bug.stack ?? bug.message);
  }
}

const SHOWN_SERVICES = 5;

function formatServices(services: readonly string[]): string {
  const hidden = services.length - SHOWN_SERVICES;
  const shown = services.slice(0, SHOWN_SERVICES).join(', ');
  return hidden > 0 ? `${shown} and ${hidden} more` : shown;
}

function formatRepetition({ repeated, forSeconds }: Repetition): string {
  return repeated === 0
    ? ''
    : `\n(repeated ${repeated} times; lasts for ${formatDuration(forSeconds)})`;
}
