import type { Context } from '@marcbachmann/cel-js';
import { type Catalogue, type CatalogueEntry, connectorOf, inScope } from '../catalogue/index.ts';
import type { CandidateInputs, CandidateOutcome, RoutingInputs } from '../decision.ts';
import type { RoutingFacts } from '../facts.ts';
import type { CompiledElimination, CompiledPolicy, contextsOf } from '../policy/index.ts';
import { percent } from './words.ts';

export interface Judgement {
  readonly outcome: CandidateOutcome;
  readonly because?: string;
}

const CANDIDATE: Judgement = { outcome: 'candidate' };

/** Under this weight an account counts as degraded though its circuit is closed. */
const DEGRADED_BELOW_PPM = 500_000;
const ENOUGH_ATTEMPTS = 20;

/** Whether an account may take this payment, and what stands against it. The first reason is the one that is told. */
export type Judge = (candidate: CandidateInputs) => Judgement;

export function judgeOf(
  policy: CompiledPolicy,
  catalogue: Catalogue,
  { facts }: RoutingInputs,
  contextFor: ReturnType<typeof contextsOf>,
): Judge {
  const eliminatedBy = eliminationsOf(policy, contextFor);
  return (candidate) => {
    if (!candidate.enabled) return { outcome: 'disabled', because: 'the account is disabled' };
    if (policy.currencies?.has(facts.currency) === false)
      return unsupported(`the policy does not accept ${facts.currency}`);
    const entry = catalogue.accounts[candidate.accountId];
    const barred = entry === undefined ? undefined : barredBy(entry, candidate, facts);
    if (barred !== undefined) return barred;
    const name = eliminatedBy(candidate);
    if (name !== undefined) return { outcome: 'eliminated_by_rule', because: `eliminated by \`${name}\`` };
    return softened(policy, entry, candidate, facts);
  };
}

/** The policy's own eliminations; each condition is asked once, and only where it is about somebody. */
function eliminationsOf(policy: CompiledPolicy, contextFor: ReturnType<typeof contextsOf>) {
  const held = new Map<CompiledElimination['answeredAs'], boolean>();
  return ({ accountId, provider }: CandidateInputs): string | undefined =>
    policy.eliminations.find(({ condition, clock, answeredAs, accounts }) => {
      if (!accounts.has(accountId) && !accounts.has(provider)) return false;
      const known = held.get(answeredAs);
      if (known !== undefined) return known;
      const holds = matches(condition.holds, contextFor(clock));
      held.set(answeredAs, holds);
      return holds;
    })?.name;
}

/** What cannot be computed takes nobody out: an account too many may decline, one too few refuses for sure. */
function matches(holds: (context: Context) => boolean, context: Context): boolean {
  try {
    return holds(context);
  } catch {
    return false;
  }
}

/** What no policy may change: the account can't take it, or may not. */
function barredBy(
  entry: CatalogueEntry,
  candidate: CandidateInputs,
  facts: RoutingFacts,
): Judgement | undefined {
  const { currency, method, brand, buyerCountry, issuerCountry, merchantCategory, merchantCountry } = facts;
  if (connectorOf(entry, candidate.connectorVersion, facts.atMs) === 'retired')
    return { outcome: 'connector_retired', because: `connector ${candidate.connectorVersion} is retired` };
  if (!inScope(entry.currencies, currency)) return unsupported(`it does not take ${currency}`);
  const listed = entry.methods.find((each) => each.method === method);
  if (listed === undefined || !inScope(listed.brands, brand))
    return { outcome: 'method_not_supported', because: `it does not take ${brand ?? method}` };
  if (!inScope(entry.countries.buyer, buyerCountry))
    return { outcome: 'country_not_supported', because: `it does not take buyers from ${buyerCountry}` };
  if (!inScope(entry.countries.issuer, issuerCountry))
    return { outcome: 'country_not_supported', because: `it does not take cards from ${issuerCountry}` };
  if (!inScope(entry.licences.categories, merchantCategory))
    return { outcome: 'unlicensed', because: `it has no licence for category ${merchantCategory}` };
  if (!inScope(entry.licences.merchantCountries, merchantCountry))
    return { outcome: 'unlicensed', because: `it has no licence for merchants from ${merchantCountry}` };
  return undefined;
}

function unsupported(because: string): Judgement {
  return { outcome: 'currency_not_supported', because };
}

/** What a policy may take for a last resort, or not mind at all. */
function softened(
  { builtIn }: CompiledPolicy,
  entry: CatalogueEntry | undefined,
  candidate: CandidateInputs,
  facts: RoutingFacts,
): Judgement {
  const against = [
    ['ticket_size', entry === undefined ? undefined : outsideTickets(entry, facts)],
    ['over_limit', entry === undefined ? undefined : overLimit(entry, candidate, facts)],
    ['unhealthy', shutOut(candidate)],
    ['degraded', unwell(candidate)],
  ] as const;
  let softest = CANDIDATE;
  for (const [outcome, because] of against) {
    if (because === undefined || builtIn[outcome] === 'keep') continue;
    if (builtIn[outcome] === 'remove') return { outcome, because };
    if (softest === CANDIDATE) softest = { outcome: 'last_resort', because };
  }
  return softest;
}

function outsideTickets(entry: CatalogueEntry, { amountMinor, currency }: RoutingFacts): string | undefined {
  const { minMinor, maxMinor } = entry.tickets[currency] ?? {};
  if (minMinor !== undefined && amountMinor < minMinor) return `its smallest payment is ${minMinor}`;
  if (maxMinor !== undefined && amountMinor > maxMinor) return `its largest payment is ${maxMinor}`;
  return undefined;
}

function overLimit(
  entry: CatalogueEntry,
  { authorizedTodayMinor }: CandidateInputs,
  { amountMinor, currency }: RoutingFacts,
): string | undefined {
  const limit = entry.dailyLimitsMinor[currency];
  if (limit === undefined || authorizedTodayMinor + amountMinor <= limit) return undefined;
  return `of ${limit} a day ${authorizedTodayMinor} are used`;
}

function shutOut({ health: { circuit } }: CandidateInputs): string | undefined {
  return circuit === 'open' ? 'its circuit is open' : undefined;
}

/** Five failures in a row open the circuit, whatever came before; a weight that rests on a handful of attempts moves nobody. */
function unwell({
  health: { circuit, weightPpm, attempts = ENOUGH_ATTEMPTS },
}: CandidateInputs): string | undefined {
  // Half open, it has won the probe of this very payment, and what brought it here is what the weight remembers.
  if (circuit !== 'closed' || attempts < ENOUGH_ATTEMPTS || weightPpm >= DEGRADED_BELOW_PPM) return undefined;
  return `it is degraded: ${percent(weightPpm)} of its success counts`;
}
