import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Desk, Visit } from './console/desk.ts';
import { INCIDENTS, type Incident } from './console/incidents.ts';
import { inBrowser } from './console/suite.ts';

/**
 * "What happened to this order?", asked by somebody who has never seen it and has nothing but the order's reference: how many
 * steps it takes to read the fact that explains it.
 */
const MOST_INTERACTIONS = 3;
/** An authorization's week and a delivery's three days in about a second. */
const PACES = { usual: {}, brief: { timeScale: 0.000_002 } } as const;

for (const pace of ['usual', 'brief'] as const) {
  const incidents = INCIDENTS.filter((each) => each.pace === pace);
  inBrowser(`find it, at the ${pace} pace`, [(desk) => found(desk, incidents)], PACES[pace]);
}

function found(desk: () => Desk, incidents: readonly Incident[]): void {
  let visit: Visit;
  beforeAll(async () => {
    visit = await desk().open();
    await visit.goto('/');
    await visit.signIn(await desk().hire('read_only'));
  });
  afterEach(() => desk().system.clearFaults());

  it.each(incidents.map((incident) => [incident.name, incident] as const))(
    '%s is found in three steps, and explained by its page alone',
    async (_, incident) => {
      const { system } = desk();
      const reference = `order-${incident.name.replace(/[^a-z0-9]+/gi, '-')}`;
      await incident.happen(system, reference);
      await visit.goto('/');
      await visit.page.getByRole('heading', { level: 1 }).first().waitFor();
      const interactions = await find(visit, reference);
      expect(interactions).toBeLessThanOrEqual(MOST_INTERACTIONS);
      await expectExplained(visit, incident);
    },
  );
}

/** From the first page to the payment's, with what a person would do counted. */
async function find({ page }: Visit, reference: string): Promise<number> {
  let interactions = 0;
  const interact = async (act: () => Promise<unknown>) => {
    interactions += 1;
    await act();
  };
  await interact(() => page.keyboard.press('/'));
  await interact(() => page.keyboard.insertText(reference));
  await interact(() => page.keyboard.press('Enter'));
  await page.waitForURL(/\/console\/payments\/pay_/);
  return interactions;
}

/** In what is shown without a further step. */
async function expectExplained({ page }: Visit, { explained }: Incident): Promise<void> {
  const shown = () => page.locator('main').innerText();
  await expect.poll(async () => (await shown()).replace(/\s+/g, ' '), { timeout: 15_000 }).toMatch(explained);
}
