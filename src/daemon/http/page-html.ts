import { createHash } from 'node:crypto';
import { printableLines } from '../../model/printable.ts';

/** The icon until the state is known. Without one, a browser asks for /favicon.ico. */
const NO_ICON = 'data:,';

interface Parts {
  readonly title: string;
  readonly head: string;
  /** Shown without JavaScript. */
  readonly text: string;
  readonly body: string;
}

function formatHtml({ title, head, text, body }: Parts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${NO_ICON}">
${head}
</head>
<body>
<div id="page"></div>
<noscript><pre>${escapeHtml(text)}</pre></noscript>
${body}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return printableLines(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Formats the page that follows the daemon. Without JavaScript it shows `text`. */
export function formatLivePage(title: string, text: string): string {
  return formatHtml({
    title,
    head: '<link rel="stylesheet" href="/page/app.css">',
    text,
    body: '<script src="/page/app.js"></script>',
  });
}

/**
 * Formats a page that needs nothing but itself. `data` is a `SnapshotDocument` as JSON. Its policy
 * allows this script and these styles, and no request to any host.
 */
export async function formatSnapshotPage(
  title: string,
  data: string,
  text: string,
): Promise<string> {
  const { script, style } = await import('ipvstate:page');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // The end tag of a script cannot stand in the data: no `<` does.
  const safe = data.replaceAll('<', '\\u003c');
  return formatHtml({
    title,
    head: `<meta http-equiv="Content-Security-Policy" content="${policy}">\n<style>${style}</style>`,
    text,
    body: `<script type="application/json" id="snapshot">${safe}</script>\n<script>${script}</script>`,
  });
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
