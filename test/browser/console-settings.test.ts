import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumFound, type Desk, openDesk } from './console/desk.ts';
import { settings } from './console/settings.ts';

/**
 * The console in a browser, against the whole system: one system and one Chromium for all of it. Without a Chromium it is skipped
 * and says so; under CI that is a failure.
 */
const missing = chromiumFound.type === 'none' ? chromiumFound.looked : undefined;
if (missing !== undefined && process.env.CI) it('has a Chromium under CI', () => expect.fail(missing));

describe.skipIf(missing !== undefined)('the console', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk();
  });
  afterAll(async () => {
    await desk?.close();
  });
  const theDesk = () => desk;
  settings(theDesk);
});
