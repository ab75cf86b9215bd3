import { PLAIN, type Style } from './style.ts';

/**
 * A page of the manual as text for a terminal. Its lines are wrapped for 80 columns already.
 * Without colour, headings keep their marks, because nothing else would show that they are
 * headings.
 */
export function formatPage(markdown: string, style: Style = PLAIN): string {
  const lines: string[] = [];
  let isCode = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    else if (isCode) lines.push(line === '' ? '' : `    ${line}`);
    else lines.push(formatLine(line, style));
  }
  return lines.join('\n');
}

function formatLine(line: string, style: Style): string {
  const [, file] = /^<!-- file: (.*) -->$/.exec(line) ?? [];
  if (file !== undefined) return `${file}:\n`;
  const [, heading] = /^#+ (.*)$/.exec(line) ?? [];
  if (heading !== undefined) return style === PLAIN ? line : style.strong(heading);
  return line
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/\*\*(.*?)\*\*/g, (_, text: string) => style.strong(text));
}
