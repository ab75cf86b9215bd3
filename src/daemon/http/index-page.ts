import type { Page, PageRequest } from './server.ts';

/** Nothing is loaded from elsewhere, and no text of a page can run as a script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page at `/`: HTML for a browser, and the text of the status for everything else. */
export function indexPage({ headers }: PageRequest, title: string, statusText: string): Page {
  const vary = { vary: 'Accept' };
  if (!headers.accept?.includes('text/html'))
    return { status: 200, type: 'text/plain; charset=utf-8', body: statusText, headers: vary };
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: formatHtml(title, statusText),
    headers: { ...vary, 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' },
  };
}

function formatHtml(title: string, statusText: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
</head>
<body>
<main id="page">
<h1>${escapeHtml(title)}</h1>
<pre>${escapeHtml(statusText)}</pre>
</main>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
