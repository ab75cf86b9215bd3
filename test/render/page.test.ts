import { describe, expect, it } from 'vitest';
import { formatPage } from '../../src/render/page.ts';
import { colorStyle } from '../../src/render/style.ts';

const PAGE = `# A page

Read **this** and [that](there.md), with \`code\`.

<!-- file: a.yaml -->
\`\`\`yaml
a: 1

# no heading
\`\`\`

## More

- one
`;

describe('a page of the manual as text', () => {
  it('has no marks of Markdown but those of headings and code', () => {
    expect(formatPage(PAGE)).toBe(`# A page

Read this and that, with \`code\`.

a.yaml:

    a: 1

    # no heading

## More

- one
`);
  });

  it('has headings and strong words in bold on a terminal', () => {
    const text = formatPage(PAGE, colorStyle());
    const bold = (words: string): string => `\u001b[1m${words}\u001b[0m`;
    expect(text).toContain(`${bold('A page')}\n`);
    expect(text).toContain(`\n${bold('More')}\n`);
    expect(text).toContain(`Read ${bold('this')} and that`);
    expect(text).toContain('\n    # no heading\n');
  });
});
