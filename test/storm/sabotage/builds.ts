import { CHALLENGING } from './builds-challenges.ts';
import { WRITING } from './builds-records.ts';
import { SENDING } from './builds-sends.ts';
import type { Sabotage, Schedule } from './sabotage.ts';

/** Every build that is broken on purpose. */
export const SABOTAGES: readonly Sabotage[] = [...SENDING, ...WRITING, ...CHALLENGING];

/** Each schedule once, for the unbroken build. */
export function schedulesOf(sabotages: readonly Sabotage[]): readonly Schedule[] {
  return [...new Set(sabotages.map(({ schedule }) => schedule))];
}
