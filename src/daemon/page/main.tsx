import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import type { SnapshotDocument } from './documents.ts';
import './style/page.css';
import { parseDocument } from './documents.ts';

/** The data of a page that was exported is in the page itself. */
function readSnapshot(): SnapshotDocument | undefined {
  const text = document.getElementById('snapshot')?.textContent;
  return text ? parseDocument<SnapshotDocument>(text) : undefined;
}

const root = document.getElementById('page');
if (root) render(<App snapshot={readSnapshot()} />, root);
