import { type FormEvent, useState } from 'react';
import { answer, api } from '../../api/client.ts';
import type { Sent } from '../../api/query.ts';
import { Button, Checkbox, decimalOf, ErrorBox, Field, minorOf, Select } from '../../kit/index.ts';
import { DecisionView } from './decision.tsx';

/** The currency is the one that was simulated: the form may say another by now. */
interface Simulated {
  readonly decision: Sent<'/v1/routing/simulate'>;
  readonly currency: string;
}

/** Which policy is asked: a text, a version, or (neither) the one that decides now. */
export interface AskedPolicy {
  readonly source?: string;
  readonly version?: number;
}

const FACTS = {
  amount: '49.00',
  currency: 'EUR',
  buyer_country: 'DE',
  issuer_country: 'DE',
  brand: 'visa',
  funding: 'credit',
  bin: '',
  channel: 'web',
  risk: 'normal',
  risk_score: '',
  metadata: '',
};
type Facts = typeof FACTS;

const CHANNELS = ['', 'web', 'app', 'pos', 'phone'] as const;
const FUNDINGS = ['', 'credit', 'debit', 'prepaid'] as const;
const RISKS = ['normal', 'elevated', 'highest'] as const;

/** A payment that nobody makes: its facts in, the whole decision with every candidate's numbers out. Nothing is sent. */
export function SimulateForm({ policy }: { readonly policy: AskedPolicy }) {
  const [facts, setFacts] = useState(FACTS);
  const [isInitiated, setInitiated] = useState(false);
  const [isRecurring, setRecurring] = useState(false);
  const [result, setResult] = useState<Simulated>();
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const amount = minorOf(facts.amount, currencyOf(facts));
  const set = (name: keyof Facts) => (value: string) => setFacts({ ...facts, [name]: value });
  const simulate = async (event: FormEvent) => {
    event.preventDefault();
    if (amount === undefined) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const payment = {
        ...paymentOf(facts, amount),
        merchant_initiated: isInitiated,
        recurring: isRecurring,
      };
      const params = { header: { 'Idempotency-Key': `simulate-${crypto.randomUUID()}` } };
      const decision = await answer(
        api.POST('/v1/routing/simulate', { params, body: { payment, ...policy } }),
      );
      setResult({ decision, currency: payment.currency });
    } catch (error) {
      setResult(undefined);
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="stack">
      <form className="stack" onSubmit={(event) => void simulate(event)}>
        <div className="facts-form">
          <FactFields facts={facts} set={set} isAmount={amount !== undefined} />
          <Checkbox label="Merchant-initiated" checked={isInitiated} onChecked={setInitiated} />
          <Checkbox label="Recurring" checked={isRecurring} onChecked={setRecurring} />
        </div>
        <div>
          <Button type="submit" kind="primary" busy={isBusy} disabled={amount === undefined}>
            Simulate
          </Button>
        </div>
      </form>
      {problem !== undefined && <ErrorBox problem={problem} />}
      {result !== undefined && <DecisionView {...result} />}
    </div>
  );
}

function FactFields(props: {
  readonly facts: Facts;
  readonly set: (name: keyof Facts) => (value: string) => void;
  readonly isAmount: boolean;
}) {
  const { facts, set, isAmount } = props;
  const wrong = `Not an exact amount${currencyOf(facts) === '' ? '' : ` of ${currencyOf(facts)}`}, like ${decimalOf(123_450, currencyOf(facts))}.`;
  return (
    <>
      <Field
        label="Amount"
        inputMode="decimal"
        value={facts.amount}
        required
        onText={set('amount')}
        {...(isAmount ? {} : { wrong })}
      />
      <Field label="Currency" value={facts.currency} maxLength={3} required onText={set('currency')} />
      <Field
        label="Buyer's country"
        value={facts.buyer_country}
        maxLength={2}
        onText={set('buyer_country')}
      />
      <Field
        label="Issuer's country"
        value={facts.issuer_country}
        maxLength={2}
        onText={set('issuer_country')}
      />
      <Field label="Brand" value={facts.brand} onText={set('brand')} />
      <Select label="Funding" value={facts.funding} options={optionsOf(FUNDINGS)} onValue={set('funding')} />
      <Field label="First digits" hint="six or eight" value={facts.bin} maxLength={8} onText={set('bin')} />
      <Select label="Channel" value={facts.channel} options={optionsOf(CHANNELS)} onValue={set('channel')} />
      <Select label="Risk" value={facts.risk} options={optionsOf(RISKS)} onValue={set('risk')} />
      <Field label="Risk score" inputMode="numeric" value={facts.risk_score} onText={set('risk_score')} />
      <Field
        label="Metadata"
        hint="tier=basic, cohort=trial"
        value={facts.metadata}
        onText={set('metadata')}
      />
    </>
  );
}

function optionsOf(values: readonly string[]) {
  return values.map((value) => ({ value, label: value === '' ? 'not known' : value }));
}

function currencyOf({ currency }: Facts): string {
  return currency.trim().toUpperCase();
}

function paymentOf(facts: Facts, amount: number) {
  const currency = currencyOf(facts);
  const given = <V extends string>(name: string, value: V | undefined) =>
    value === undefined || value.trim() === '' ? {} : { [name]: value };
  return {
    amount,
    currency,
    ...given('buyer_country', facts.buyer_country.trim().toUpperCase()),
    ...given('issuer_country', facts.issuer_country.trim().toUpperCase()),
    ...given('brand', facts.brand.trim().toLowerCase()),
    ...given('funding', facts.funding),
    ...given('bin', facts.bin.trim()),
    ...given('channel', facts.channel),
    risk: RISKS.find((risk) => risk === facts.risk) ?? ('normal' as const),
    ...(facts.risk_score.trim() === '' ? {} : { risk_score: Number(facts.risk_score) }),
    metadata: metadataOf(facts.metadata),
  };
}

function metadataOf(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((part) => {
    const [name = '', ...rest] = part.split('=');
    return name.trim() === '' ? [] : [[name.trim(), rest.join('=').trim()] as const];
  });
  return Object.fromEntries(pairs);
}
