import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import type { SnapshotDocument } from './documents.ts';
import { FleetApp } from './fleet/fleet-app.tsx';
import './style/page.css';
import { parseDocument } from './documents.ts';

/** The data of a page that was exported is in the page itself. */
function readSnapshot(): SnapshotDocument | undefined {
  const text = document.getElementById('snapshot')?.textContent;
  return text ? parseDocument<SnapshotDocument>(text) : undefined;
}

const root = document.getElementById('page');
const snapshot = readSnapshot();
const isFleet = !snapshot && location.pathname === '/fleet';
if (root) render(isFleet ? <FleetApp /> : <App snapshot={snapshot} />, root);
