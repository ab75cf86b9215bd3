import type { Command } from 'commander';
import { suggest } from '../../config/suggest.ts';
import { IpvstateError } from '../../errors.ts';
import { PAGES, summaryOf } from '../../manual/pages.ts';
import { EXIT } from '../../render/exit.ts';
import { formatPage } from '../../render/page.ts';
import { defineVerb } from '../define-verb.ts';
import { optionalArgument } from '../options.ts';

export const helpVerb = defineVerb({
  name: 'help',
  summary: 'explain a verb, or print a topic of the manual',
  arguments: {
    topic: optionalArgument('topic', 'a verb, or a topic of the manual; without one, list them'),
  },
  options: {},
  examples: ['ipvstate help', 'ipvstate help apply', 'ipvstate help configuration | less'],
  run: async (_, { output }, { topic }, program) => {
    const verb = program.commands.find((command) => command.name() === topic);
    const page = topic !== undefined && Object.hasOwn(PAGES, topic) ? PAGES[topic] : undefined;
    if (topic === undefined) {
      program.outputHelp();
      output.print(formatTopics());
    } else if (verb) verb.outputHelp();
    else if (page !== undefined) output.print(formatPage(page, output.style('stdout')));
    else throw unknownTopic(topic, program);
    return EXIT.ok;
  },
});

function formatTopics(): string {
  const width = Math.max(...Object.keys(PAGES).map((topic) => topic.length));
  const rows = Object.entries(PAGES).map(
    ([topic, page]) => `  ${topic.padEnd(width)}  ${summaryOf(page)}\n`,
  );
  return `\nTopics:\n${rows.join('')}`;
}

function unknownTopic(topic: string, program: Command): IpvstateError {
  const verbs = program.createHelp().visibleCommands(program);
  const near = suggest(topic, [...verbs.map((verb) => verb.name()), ...Object.keys(PAGES)]);
  return new IpvstateError('USAGE', `there is no verb and no topic "${topic}"`, {
    hint: near ? `Did you mean "${near}"?` : '`ipvstate help` lists the verbs and topics.',
  });
}
