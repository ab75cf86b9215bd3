import type { BrowserContextOptions } from 'playwright-core';
import { manyServices } from './samples.ts';
import { SCENES, type Scene, sceneOf } from './states-of-health.ts';

/** A picture of the page, for a person to look at. */
interface Look {
  readonly name: string;
  readonly scene: () => Scene;
  readonly options?: BrowserContextOptions & { readonly hash?: string };
}

const narrow: BrowserContextOptions = { viewport: { width: 360, height: 740 } };
const dark: BrowserContextOptions = { colorScheme: 'dark' };
const hash = '#/service/tcp://192.0.2.10:443';

export const LOOKS: readonly Look[] = [
  ...Object.entries(SCENES).map(([name, scene]) => ({ name, scene })),
  { name: 'open', scene: () => sceneOf('draining'), options: { hash } },
  { name: 'dark', scene: () => sceneOf('unserved'), options: dark },
  { name: 'dark-open', scene: () => sceneOf('draining'), options: { ...dark, hash } },
  { name: 'narrow', scene: () => sceneOf('unserved'), options: narrow },
  { name: 'narrow-held', scene: () => sceneOf('held'), options: narrow },
  { name: 'narrow-open', scene: () => sceneOf('draining'), options: { ...narrow, hash } },
  {
    name: 'wide',
    scene: () => sceneOf('in-sync'),
    options: { viewport: { width: 3840, height: 2160 } },
  },
  {
    name: 'many',
    scene: () => ({ ...sceneOf('in-sync'), services: manyServices(1000, 100) }),
  },
];
