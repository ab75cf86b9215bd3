/** A fenced block of a Markdown text. */
export interface Block {
  readonly language: string;
  /** From `<!-- file: NAME -->` on the line above it. */
  readonly file: string | undefined;
  readonly text: string;
  /** Where `text` begins in the document. */
  readonly offset: number;
  /** The block before it. */
  readonly follows: Block | undefined;
}

const FENCE = /(?:^<!-- file: (?<file>\S+) -->\n)?^```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gm;

export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  for (const match of markdown.matchAll(FENCE)) {
    const { file, language = '', text = '' } = match.groups ?? {};
    const end = match.index + match[0].length;
    blocks.push({
      language,
      file,
      text,
      offset: end - '```'.length - text.length,
      follows: blocks.at(-1),
    });
  }
  return blocks;
}

/** The document with other texts in some of its blocks. */
export function replaceBlocks(markdown: string, texts: ReadonlyMap<Block, string>): string {
  let replaced = markdown;
  for (const [{ offset, text }, other] of [...texts].sort(([a], [b]) => b.offset - a.offset)) {
    replaced = replaced.slice(0, offset) + other + replaced.slice(offset + text.length);
  }
  return replaced;
}
