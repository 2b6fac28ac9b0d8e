import { expect, it } from 'vitest';
import { createPresence } from './presence.ts';

it('somebody is here for a minute after they did something, and no longer', () => {
  let nowMs = 1_000_000;
  const page = new EventTarget();
  const presence = createPresence(() => nowMs);
  const stop = presence.watch(page);
  expect(presence.isSomebodyHere()).toBe(true);
  nowMs += 60_000;
  expect(presence.isSomebodyHere()).toBe(false);
  for (const sign of ['keydown', 'pointerdown', 'wheel']) {
    page.dispatchEvent(new Event(sign));
    expect(presence.isSomebodyHere()).toBe(true);
    nowMs += 60_000;
    expect(presence.isSomebodyHere()).toBe(false);
  }
  stop();
  page.dispatchEvent(new Event('keydown'));
  expect(presence.isSomebodyHere()).toBe(false);
});
