import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Which Chromium a person or a test may open a challenge with: one that is named, one of the machine, Playwright's own. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/usr/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export type FoundChromium =
  | { readonly type: 'found'; readonly path: string }
  /** `looked`: what to tell whoever has none. */
  | { readonly type: 'none'; readonly looked: string };

export async function findChromium(
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundChromium> {
  const named = env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') {
    return isExecutable(named)
      ? { type: 'found', path: named }
      : { type: 'none', looked: `CHROMIUM_PATH names ${named}, which cannot be run` };
  }
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .flatMap((directory) => NAMES.map((name) => join(directory, name)));
  const path = [...PLACES, ...onPath].find(isExecutable) ?? (await playwrightsOwn());
  return path === undefined
    ? {
        type: 'none',
        looked:
          'no Chromium found: install one (Debian: apt-get install chromium), set CHROMIUM_PATH, or run npx playwright-core install chromium',
      }
    : { type: 'found', path };
}

/** A development dependency: absent where only what runs was installed. */
async function playwrightsOwn(): Promise<string | undefined> {
  try {
    const { chromium } = await import('playwright-core');
    const path = chromium.executablePath();
    return isExecutable(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
