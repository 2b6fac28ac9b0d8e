import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../stack/paths.ts';

/** The example that docs/routing.md explains, as it stands there. */
export const REGIONAL = readFileSync(join(ROOT, 'docs/examples/routing/regional.yaml'), 'utf8');

/** The same with Brazil and Mexico sent where Europe goes. */
export function otherwiseForBrazil(): string {
  const [before, after] = [BRAZIL, BRAZIL.replace('checkout, ', '')];
  if (!REGIONAL.includes(before))
    throw new Error(`docs/examples/routing/regional.yaml has no "${before}" any more`);
  return REGIONAL.replace(before, after).replace(
    /^name: .*$/m,
    'name: Regional, without the third provider in BR and MX',
  );
}

const BRAZIL = 'choose: { order: [checkout, ';
