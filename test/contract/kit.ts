// The contract that every provider x simulator keeps. A provider passes by what it does, not by what it
// says of itself: the simulator's journal, written before each answer, is the judge of what money moved.
// The parts: kit-payments.ts, kit-authentication.ts, kit-challenges.ts,
// kit-ambiguity.ts, kit-credentials.ts, kit-webhooks.ts; rig.ts is what they drive.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ambiguity, idempotency, lookups } from './kit-ambiguity.ts';
import { authentications } from './kit-authentication.ts';
import { challenges } from './kit-challenges.ts';
import { credentials } from './kit-credentials.ts';
import { amounts, payments } from './kit-payments.ts';
import { webhooks } from './kit-webhooks.ts';
import type { ContractSubject } from './parts.ts';
import type { Rig } from './rig.ts';

export function contractKit(subject: ContractSubject): void {
  // Longer than `until` waits: a test fails by saying what did not come, not by running out of time.
  vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });
  describe(`${subject.name} keeps the provider contract`, () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await subject.start();
    });
    afterEach(async () => {
      await rig.admin('DELETE', '/faults');
      await rig.admin('POST', '/webhooks', { mode: 'normal' });
    });
    afterAll(async () => {
      await rig.close();
    });
    const kit = { subject, rig: () => rig };
    payments(kit);
    idempotency(kit);
    ambiguity(kit);
    lookups(kit);
    credentials(kit);
    authentications(kit);
    challenges(kit);
    webhooks(kit);
    amounts(kit);
    it('has said nothing of a card anywhere', () => {
      expect(rig.outcomes.length).toBeGreaterThan(20);
      const said = JSON.stringify(rig.outcomes);
      const told = JSON.stringify(rig.events());
      for (const { number, cvc } of [
        subject.approved,
        subject.challenged,
        ...subject.declines.map(({ card }) => card),
      ]) {
        expect(said).not.toContain(number);
        expect(told).not.toContain(number);
        expect(said).not.toContain(`"${cvc}"`);
      }
      expect(said).not.toMatch(/"(cvc|number)":/);
    });
  });
}
