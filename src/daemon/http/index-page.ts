import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { formatLivePage } from './page-html.ts';
import type { Page, PageRequest, Pages } from './server.ts';

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
    return {
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: statusText,
      headers: vary,
    };
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: formatLivePage(title, statusText),
    headers: { ...vary, 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' },
  };
}

/** The script and the styles of the page. They are loaded and packed when they are asked for. */
export function indexFiles(): Pages {
  return {
    '/page/app.js': packed('text/javascript; charset=utf-8', (files) => files.script),
    '/page/app.css': packed('text/css; charset=utf-8', (files) => files.style),
  };
}

function packed(
  type: string,
  choose: (files: typeof import('ipvstate:page')) => string,
): Pages[string] {
  let file: { readonly etag: string; readonly plain: Buffer; readonly gzip: Buffer } | undefined;
  return async ({ headers }) => {
    if (!file) {
      const plain = Buffer.from(choose(await import('ipvstate:page')));
      const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
      file = { etag: `"${digest}"`, plain, gzip: gzipSync(plain) };
    }
    const { etag, plain, gzip } = file;
    // A browser asks each time, so that it never has the script of an earlier version.
    const common = { 'cache-control': 'no-cache', etag, vary: 'Accept-Encoding' };
    if (headers['if-none-match'] === etag) return { status: 304, type, body: '', headers: common };
    return /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))
      ? { status: 200, type, body: gzip, headers: { ...common, 'content-encoding': 'gzip' } }
      : { status: 200, type, body: plain, headers: common };
  };
}
