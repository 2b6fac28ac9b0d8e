import type { MismatchType } from '../../names.ts';
import { AMOUNTS_PLANTED } from './amounts.ts';
import { EXISTENCE_PLANTED } from './existence.ts';
import { OUTSIDE_PLANTED } from './outside.ts';
import type { Plants } from './plant.ts';
import { WHOLES_PLANTED } from './wholes.ts';

/** Every type has its plants, or this does not compile. */
export const PLANTED: Readonly<Record<MismatchType, Plants>> = {
  ...EXISTENCE_PLANTED,
  ...AMOUNTS_PLANTED,
  ...OUTSIDE_PLANTED,
  ...WHOLES_PLANTED,
};
