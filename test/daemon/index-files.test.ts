import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { indexFiles, indexPage } from '../../src/daemon/http/index-page.ts';
import type { Page, PageRequest } from '../../src/daemon/http/server.ts';

const requestWith = (headers: PageRequest['headers']): PageRequest => ({
  query: new URLSearchParams(),
  headers,
});

async function ask(path: string, headers: PageRequest['headers'] = {}): Promise<Page> {
  const answer = await indexFiles()[path]?.(requestWith(headers));
  if (!answer || 'open' in answer) throw new Error(`${path} is no page`);
  return answer;
}

describe('the files of the page', () => {
  it('are packed for a browser that unpacks them', async () => {
    const plain = await ask('/page/app.js');
    const packed = await ask('/page/app.js', { 'accept-encoding': 'br, gzip' });
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(packed.body)).toEqual(plain.body);
  });

  it('are not sent again to a browser that has them', async () => {
    const { headers } = await ask('/page/app.css');
    const again = await ask('/page/app.css', { 'if-none-match': headers?.etag });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect((await ask('/page/app.css', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('are small', async () => {
    const { body } = await ask('/page/app.js', { 'accept-encoding': 'gzip' });
    expect(body.length).toBeLessThan(60_000);
  });
});

describe('the page at /', () => {
  it('is text for everything but a browser', () => {
    const page = indexPage(requestWith({ accept: '*/*' }), 'title', 'State: <ok>\n');
    expect(page).toMatchObject({ type: 'text/plain; charset=utf-8', body: 'State: <ok>\n' });
  });

  it('has the text in HTML, in which no character of it is markup', () => {
    const hostile = '</pre><script>alert(1)</script>&\u202e';
    const { body, headers } = indexPage(requestWith({ accept: 'text/html' }), hostile, hostile);
    expect(body).not.toContain('<script>alert');
    expect(body).toContain('&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;\\u202e');
    expect(headers?.['content-security-policy']).not.toContain('unsafe');
  });
});
