/**
 * The invented year: who pays, what each provider would approve at each moment, and when they are out. It is drawn once
 * from the seed; nothing in it depends on how payments are routed.
 */
import { type Catalogue, inScope } from '../../../domain/routing/catalogue/index.ts';
import { normalDraw } from '../../../domain/routing/learning/draw.ts';
import { derivedDraw } from '../../../domain/routing/learning/index.ts';
import { DAY_MS, DAYS, YEAR_START_MS } from './calendar.ts';
import { type Outage, outagesOf } from './outages.ts';
import { ACCOUNTS, BRANDS, COUNTRIES, type Country } from './people.ts';

/** How far rates wander, as a deviation in log-odds (0.25 is about 2.6 points at 88%), and how long they take. */
const COUNTRY_DRIFT = { deviation: 0.25, days: 40 };
const PROVIDER_DRIFT = { deviation: 0.12, days: 20 };
const BRAND_DEVIATION = 0.08;

export interface Kind {
  readonly country: Country;
  readonly brand: string;
}

/** What would come of a payment at an account: a chance of being approved, or trouble. */
export interface Truth {
  readonly approval: number;
  readonly outage: Outage | undefined;
}

export interface World {
  readonly kinds: readonly Kind[];
  readonly outages: readonly (readonly Outage[])[];
  truth(account: number, kind: number, atMs: number): Truth;
}

export function createWorld(seed: number): World {
  const kinds = COUNTRIES.flatMap((country) => BRANDS.map(({ brand }) => ({ country, brand })));
  const outages = ACCOUNTS.map((_account, index) => outagesOf(seed, index));
  const walks = ACCOUNTS.map((_account, index) => ({
    own: walk(seed, `provider/${index}`, PROVIDER_DRIFT),
    byCountry: COUNTRIES.map(({ code }) => walk(seed, `provider/${index}/${code}`, COUNTRY_DRIFT)),
    byBrand: BRANDS.map(({ brand }) => BRAND_DEVIATION * normalDraw(seed, `provider/${index}/${brand}`)),
  }));
  const steady = ACCOUNTS.map((account) =>
    kinds.map(({ country, brand }) => {
      const { effect = 0 } = BRANDS.find((each) => each.brand === brand) ?? {};
      return country.logOdds + effect + account.logOdds + (account.home[country.code] ?? 0);
    }),
  );
  return {
    kinds,
    outages,
    truth(account, kind, atMs) {
      const walked = walks[account];
      const country = Math.floor(kind / BRANDS.length);
      const day = (atMs - YEAR_START_MS) / DAY_MS;
      const odds =
        (steady[account]?.[kind] ?? 0) +
        (walked?.byBrand[kind % BRANDS.length] ?? 0) +
        at(walked?.own, day) +
        at(walked?.byCountry[country], day);
      const outage = outages[account]?.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
      const approval = 1 / (1 + Math.exp(-odds));
      return { approval: outage === undefined ? approval : approval * outage.approvalLeft, outage };
    },
  };
}

/** An Ornstein-Uhlenbeck walk, a value a day: it wanders, and is pulled back. */
function walk(
  seed: number,
  name: string,
  { deviation, days }: { deviation: number; days: number },
): Float64Array {
  const values = new Float64Array(DAYS + 2);
  const keeps = Math.exp(-1 / days);
  const step = deviation * Math.sqrt(1 - keeps ** 2);
  values[0] = deviation * normalDraw(derivedDraw(seed, name), 'start');
  for (let day = 1; day < values.length; day += 1) {
    values[day] = keeps * (values[day - 1] ?? 0) + step * normalDraw(derivedDraw(seed, name), `${day}`);
  }
  return values;
}

function at(values: Float64Array | undefined, day: number): number {
  const whole = Math.floor(day);
  const before = values?.[whole] ?? 0;
  return before + ((values?.[whole + 1] ?? before) - before) * (day - whole);
}

/** The best that a merchant could know on the first day: accounts by their average success then, weighed by who pays. */
export function fixedOrder(world: World, catalogue: Catalogue): readonly string[] {
  const average = (id: string, account: number) => {
    const { currencies = {} } = catalogue.accounts[id] ?? {};
    const shares = world.kinds.map(({ country, brand }, kind) => {
      const { share = 0 } = BRANDS.find((each) => each.brand === brand) ?? {};
      // What it doesn't take it doesn't approve.
      const { approval } = world.truth(account, kind, YEAR_START_MS);
      return inScope(currencies, country.currency) ? country.share * share * approval : 0;
    });
    return shares.reduce((sum, each) => sum + each, 0);
  };
  const ranked = ACCOUNTS.map(({ id }, index) => ({ id, average: average(id, index) }));
  return ranked.sort((a, b) => b.average - a.average).map(({ id }) => id);
}
