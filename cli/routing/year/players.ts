/**
 * Those who route the same year: merchants, who know what their windows tell them and ask `evaluate`, and oracles, who
 * know the truth.
 */

import { candidatesOf } from '../../../domain/routing/assemble.ts';
import type { Catalogue } from '../../../domain/routing/catalogue/index.ts';
import { catalogueId, inScope } from '../../../domain/routing/catalogue/index.ts';
import type { CandidateInputs, RoutingDecision } from '../../../domain/routing/decision.ts';
import { evaluate } from '../../../domain/routing/evaluate/index.ts';
import type { RoutingFacts } from '../../../domain/routing/facts.ts';
import { estimateFee } from '../../../domain/routing/fees/index.ts';
import { createWindows, type Windows } from '../../../domain/routing/learning/index.ts';
import { type CompiledPolicy, compilePolicy, parsePolicy } from '../../../domain/routing/policy/index.ts';
import { type AttemptResult, tryAt } from './attempt.ts';
import { YearCircuits } from './circuits.ts';
import { bookFee, bookPayment, type Ledger, newLedger } from './ledger.ts';
import type { YearPayment } from './payments.ts';
import { ACCOUNTS } from './people.ts';
import type { World } from './world.ts';

export interface Player<Name extends string = string> {
  readonly name: Name;
  readonly ledger: Ledger;
  play(payment: YearPayment, facts: RoutingFacts): void;
}

const INDEX_OF = new Map(ACCOUNTS.map(({ id }, index) => [id, index]));
/** The windows' rates are derived anew every three hours of the year, not each second. */
const REFRESH_MS = 10_800_000;

/** A merchant with a policy: the real document, compiled, and the real windows. Only its circuits are in memory. */
export class Merchant<Name extends string> implements Player<Name> {
  readonly name: Name;
  readonly ledger = newLedger();
  private readonly policy: CompiledPolicy;
  private readonly windows: Windows = createWindows({ refreshMs: REFRESH_MS });
  private readonly circuits = new YearCircuits();
  private readonly accounts: Parameters<typeof candidatesOf>[0]['accounts'];
  private readonly catalogueId: string;
  readonly world: World;
  readonly catalogue: Catalogue;

  constructor(name: Name, policyText: string, world: World, catalogue: Catalogue) {
    this.name = name;
    this.world = world;
    this.catalogue = catalogue;
    this.catalogueId = catalogueId(catalogue);
    const parsed = parsePolicy(policyText);
    if (!parsed.ok) throw new Error(`the policy of ${name}: ${parsed.problems.map((each) => each.message)}`);
    this.policy = compilePolicy(parsed.document);
    this.accounts = ACCOUNTS.map(({ id, provider }) => ({
      id,
      provider,
      baseUrl: '',
      settings: {},
      enabled: true,
      connectorVersion: catalogue.accounts[id]?.connector.active ?? '',
    }));
  }

  play(payment: YearPayment, facts: RoutingFacts): void {
    const { atMs, draw } = payment;
    const numbers = {
      windows: this.windows,
      circuitOf: (accountId: string) => this.circuits.look(accountId, atMs),
    };
    const candidates = candidatesOf({ accounts: this.accounts }, facts, numbers, atMs).map(winsProbe);
    const inputs = { policyVersion: 1, catalogueId: this.catalogueId, facts, candidates, draw };
    const { order, retries, explanation } = evaluate(this.policy, this.catalogue, inputs);
    if (explanation.exploration !== undefined) this.ledger.explored += 1;
    settle(this, payment, facts, { order, retries }, (accountId, came) =>
      this.observe(accountId, facts, came),
    );
  }

  private observe(accountId: string, facts: RoutingFacts, { result, latencyMs }: AttemptResult): void {
    const { method, currency, amountMinor, atMs, brand = '', issuerCountry = '' } = facts;
    this.windows.add({
      accountId,
      method,
      currency,
      amountMinor,
      atMs,
      brand,
      issuerCountry,
      result,
      latencyMs,
    });
    if (result === 'unknown' || result === 'not_attempted') this.circuits.bad(accountId, atMs);
    else this.circuits.good(accountId);
  }
}

/** As activities/payment/route.ts does: who has won the probe is ranked as if it were well. */
function winsProbe(candidate: CandidateInputs): CandidateInputs {
  if (candidate.health.circuit !== 'half_open') return candidate;
  return { ...candidate, health: { ...candidate.health, weightPpm: 1_000_000 } };
}

/** The same attempts for everybody: another account is asked only after a proof that the first did nothing. */
function settle(
  { world, catalogue, ledger }: { world: World; catalogue: Catalogue; ledger: Ledger },
  payment: YearPayment,
  facts: RoutingFacts,
  {
    order,
    retries,
  }: Pick<RoutingDecision, 'order'> & { retries: Omit<RoutingDecision['retries'], 'laterMs'> },
  observed: (accountId: string, came: AttemptResult) => void,
): void {
  let asked = 0;
  for (const accountId of order) {
    const came = tryAt(world, payment, INDEX_OF.get(accountId) ?? 0, asked);
    observed(accountId, came);
    if (came.result === 'approved') {
      const entry = catalogue.accounts[accountId];
      if (entry !== undefined) bookFee(ledger, entry.fees, facts, catalogue.rates);
      bookPayment(ledger, payment.atMs, true);
      return;
    }
    if (came.result === 'not_attempted') continue;
    asked += 1;
    const goesOn = came.reason !== undefined && retries.failOverAfter.includes(came.reason);
    if (!goesOn || asked >= retries.maxAttempts) break;
  }
  bookPayment(ledger, payment.atMs, false);
}

const ORACLES_RETRIES = { maxAttempts: 3, failOverAfter: ['processing_error'] };

/** Knows every rate and every outage as of this very moment. With `givenUp` it takes the cheapest within so much of the best. */
export class Oracle<Name extends string> implements Player<Name> {
  readonly name: Name;
  readonly ledger = newLedger();
  readonly world: World;
  readonly catalogue: Catalogue;
  private readonly givenUp: number | undefined;

  constructor(name: Name, world: World, catalogue: Catalogue, givenUp?: number) {
    this.name = name;
    this.world = world;
    this.catalogue = catalogue;
    this.givenUp = givenUp;
  }

  play(payment: YearPayment, facts: RoutingFacts): void {
    const ranked = ACCOUNTS.flatMap(({ id }, account) => {
      const entry = this.catalogue.accounts[id];
      if (entry === undefined || !inScope(entry.currencies, facts.currency)) return [];
      const { approval } = this.world.truth(account, payment.kind, payment.atMs);
      return [{ id, approval, entry }];
    }).sort((a, b) => b.approval - a.approval);
    const order = this.givenUp === undefined ? ranked : this.cheapestFirst(ranked, this.givenUp, facts);
    const ids = order.map(({ id }) => id);
    settle(this, payment, facts, { order: ids, retries: ORACLES_RETRIES }, () => {});
  }

  private cheapestFirst<T extends { approval: number; entry: Catalogue['accounts'][string] }>(
    ranked: readonly T[],
    givenUp: number,
    facts: RoutingFacts,
  ): readonly T[] {
    const floor = (ranked[0]?.approval ?? 0) - givenUp;
    const fee = ({ entry }: T) => estimateFee(entry.fees, facts, this.catalogue.rates).totalMinor;
    const affordable = ranked
      .filter(({ approval }) => approval >= floor)
      .map((each) => ({ each, fee: fee(each) }));
    affordable.sort((a, b) => a.fee - b.fee);
    return [...affordable.map(({ each }) => each), ...ranked.filter(({ approval }) => approval < floor)];
  }
}
