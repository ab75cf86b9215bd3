import type { Command } from 'commander';
import { suggest } from '../../config/suggest.ts';
import { IpvstateError } from '../../errors.ts';
import { PAGES, pageOf, summaryOf } from '../../manual/pages.ts';
import { EXIT, EXIT_MEANINGS, SIGNAL_MEANING } from '../../render/exit.ts';
import { formatPage } from '../../render/page.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { optionalArgument } from '../declare/options.ts';
import { formatExits } from '../declare/verb-help.ts';

export const helpVerb = defineVerb({
  name: 'help',
  job: 'look',
  summary: 'explain a verb or a topic',
  description: 'explain a verb, or print a topic of the manual',
  arguments: {
    topic: optionalArgument('topic', 'a verb, or a topic of the manual; without one, list them'),
  },
  options: {},
  exits: { ok: 'printed' },
  examples: ['ipvstate help', 'ipvstate help apply', 'ipvstate help configuration | less'],
  run: async (_, { output, env }, { topic }, program) => {
    const verb = program.commands.find((command) => command.name() === topic);
    // POSIX asks these variables in this order. An empty one counts as not set.
    const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
    const page = topic === undefined ? undefined : pageOf(topic, locale);
    if (topic === undefined) {
      program.outputHelp();
      output.print(formatOverview());
    } else if (page !== undefined) output.print(formatPage(page, output.style('stdout')));
    else if (verb) verb.outputHelp();
    else throw unknownTopic(topic, program);
    return EXIT.ok;
  },
});

const FIRST_STEPS = [
  'ipvstate export > ipvs.yaml         start from what the kernel has now',
  'ipvstate validate -f ipvs.yaml      check a file; needs no root',
  'ipvstate plan -f ipvs.yaml          show what would be done',
  'ipvstate apply -f ipvs.yaml         do it, read back, roll back on failure',
  'ipvstate check -f ipvs.yaml         exit 2 when the kernel differs',
];

/** Formats what follows the list of verbs: first steps, exit codes and topics. */
function formatOverview(): string {
  const width = Math.max(...Object.keys(PAGES).map((topic) => topic.length));
  const topics = Object.entries(PAGES).map(
    ([topic, page]) => `${topic.padEnd(width)}  ${summaryOf(page)}`,
  );
  const exits = formatExits({ ...EXIT_MEANINGS, signal: SIGNAL_MEANING });
  return [
    ...['', 'Examples:', ...FIRST_STEPS.map((line) => `  ${line}`)],
    ...['', 'Exit codes:', ...exits],
    ...['', 'Topics:', ...topics.map((line) => `  ${line}`), ''],
  ].join('\n');
}

function unknownTopic(topic: string, program: Command): IpvstateError {
  const verbs = program.createHelp().visibleCommands(program);
  const near = suggest(topic, [...verbs.map((verb) => verb.name()), ...Object.keys(PAGES)]);
  return new IpvstateError('USAGE', `there is no verb and no topic "${topic}"`, {
    hint: near ? `Did you mean "${near}"?` : '`ipvstate help` lists the verbs and topics.',
  });
}
