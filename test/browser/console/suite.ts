import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SystemOptions } from '../../support/system.ts';
import { chromiumFound, type Desk, openDesk } from './desk.ts';

/** Tests of one matter. They are registered before the desk is open, so they ask for it when they run. */
export type Journey = (desk: () => Desk) => void;

/**
 * The console in a browser, against the whole system: one system and one Chromium for all of the journeys, which leave things
 * behind for each other. Without a Chromium they are skipped; under CI that is a failure.
 */
export function inBrowser(name: string, journeys: readonly Journey[], options: SystemOptions = {}): void {
  const missing = chromiumFound.type === 'none' ? chromiumFound.looked : undefined;
  // Only there: everywhere else it would stand among the skipped.
  if (missing !== undefined && process.env.CI)
    it(`${name}: there is a Chromium under CI`, () => expect.fail(missing));

  describe.skipIf(missing !== undefined)(name, () => {
    let desk: Desk;
    beforeAll(async () => {
      desk = await openDesk(options);
    });
    afterAll(async () => {
      await desk?.close();
    });
    for (const journey of journeys) journey(() => desk);
  });
}
