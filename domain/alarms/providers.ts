import type { PaymentFailure } from '../payment/payment.ts';
import { alarms, duration, type Holding } from './alarm.ts';
import type { ProviderFacts } from './facts.ts';

/** Symptoms at providers: what payers feel first. */

/** Fewer say nothing: a single decline would be a fall. */
const FEWEST_ANSWERS = 20;
/** Approval below so much of the account's own usual. */
const APPROVAL_FALL = 0.7;
/** Of a healthy provider's answers nearly none are missing; the built-in rule of routing turns away long before. */
const UNKNOWN_MOST = 0.1;
const FEWEST_ATTEMPTS = 10;
/** The promise of docs/observability.md: within it the resolver has asked, resent or handed over to a person. */
const UNKNOWN_SECONDS = 900;
/** Sends that could charge for each payment that is tried; failover and retries rarely make it two. */
const AMPLIFICATION = 2.5;
const FEWEST_PAYMENTS = 20;
/** Of the payments whose payers are answered: failed for another reason than the card's or the payer's. */
const FAILED_MOST = 0.05;
/** As domain/payment has them, without those that a card or its payer causes. */
export const PLATFORM_FAILURES = [
  'provider_unavailable',
  'provider_rejected',
  'no_route',
  'capture_failed',
] as const satisfies readonly PaymentFailure['code'][];

const percent = (share: number) => `${Math.round(share * 100)} %`;
const at = ({ account }: ProviderFacts, detail: string): Holding => ({ subject: account, detail });

export const providerAlarms = alarms([
  {
    name: 'ProviderApprovalDropped',
    severity: 'page',
    summary: '{{ $labels.account }} approves far less than it usually does',
    means:
      'Payers are declined who would have been approved yesterday. Merchants lose sales until traffic goes elsewhere.',
    expr: `max by (provider, account) (interlock_provider_success_ratio)
  < ${APPROVAL_FALL} * max by (provider, account) (interlock_provider_usual_success_ratio)
and max by (provider, account) (interlock_provider_recent_answers) >= ${FEWEST_ANSWERS}`,
    forSeconds: 300,
    runbook: 'provider-approval-dropped',
    needs: ['providers', 'usualApproval'],
    holds: ({ providers, usualApproval }) =>
      providers.flatMap((each) => {
        const { answered, approved } = each.recent;
        const usual = usualApproval.get(each.account);
        if (usual === undefined || answered < FEWEST_ANSWERS) return [];
        if (approved / answered >= APPROVAL_FALL * usual) return [];
        return [at(each, `approves ${percent(approved / answered)}, usually ${percent(usual)}`)];
      }),
    cases: {
      fires: {
        says: 'pa_1 approves far less than it usually does',
        series: [
          { series: 'interlock_provider_success_ratio{provider="stripe",account="pa_1"}', values: '0.4x20' },
          {
            series: 'interlock_provider_usual_success_ratio{provider="stripe",account="pa_1"}',
            values: '0.9x20',
          },
          { series: 'interlock_provider_recent_answers{provider="stripe",account="pa_1"}', values: '50x20' },
        ],
        at: '10m',
        labels: { provider: 'stripe', account: 'pa_1' },
      },
      // As low, but of three answers.
      rests: {
        series: [
          { series: 'interlock_provider_success_ratio{provider="stripe",account="pa_1"}', values: '0.3x20' },
          {
            series: 'interlock_provider_usual_success_ratio{provider="stripe",account="pa_1"}',
            values: '0.9x20',
          },
          { series: 'interlock_provider_recent_answers{provider="stripe",account="pa_1"}', values: '3x20' },
        ],
        at: '10m',
      },
    },
  },
  {
    name: 'ProviderNotAnswering',
    severity: 'page',
    summary: '{{ $labels.account }} leaves {{ $value | humanizePercentage }} of requests without an answer',
    means:
      'Payers wait, and each such payment is tied to this provider until it is proven what became of it.',
    expr: `max by (provider, account) (interlock_provider_unknown_ratio) > ${UNKNOWN_MOST}
and max by (provider, account) (interlock_provider_recent_attempts) >= ${FEWEST_ATTEMPTS}`,
    forSeconds: 120,
    runbook: 'provider-not-answering',
    needs: ['providers'],
    holds: ({ providers }) =>
      providers.flatMap((each) => {
        const { attempts, unknown } = each.recent;
        if (attempts < FEWEST_ATTEMPTS || unknown / attempts <= UNKNOWN_MOST) return [];
        return [at(each, `${percent(unknown / attempts)} of the last ${attempts} requests had no answer`)];
      }),
    cases: {
      fires: {
        says: 'pa_2 leaves 50% of requests without an answer',
        series: [
          { series: 'interlock_provider_unknown_ratio{provider="adyen",account="pa_2"}', values: '0.5x10' },
          { series: 'interlock_provider_recent_attempts{provider="adyen",account="pa_2"}', values: '40x10' },
        ],
        at: '5m',
        labels: { provider: 'adyen', account: 'pa_2' },
      },
      rests: {
        series: [
          { series: 'interlock_provider_unknown_ratio{provider="adyen",account="pa_2"}', values: '0.05x10' },
          { series: 'interlock_provider_recent_attempts{provider="adyen",account="pa_2"}', values: '40x10' },
        ],
        at: '5m',
      },
    },
  },
  {
    name: 'ProviderCircuitOpen',
    severity: 'ticket',
    summary: 'The circuit of {{ $labels.account }} has been open for more than a minute',
    means:
      'Routing sends nothing there but a probe now and then. Payers notice only where no other account can take them.',
    expr: 'max by (provider, account) (interlock_provider_circuit_state{state=~"open|half_open"}) == 1',
    forSeconds: 60,
    runbook: 'provider-circuit-open',
    needs: ['providers'],
    holds: ({ providers }) =>
      providers
        .filter(({ circuit }) => circuit !== 'closed')
        .map((each) => at(each, `its circuit is ${each.circuit.replace('_', ' ')}`)),
    cases: {
      fires: {
        says: 'The circuit of pa_1 has been open for more than a minute',
        series: [
          {
            series: 'interlock_provider_circuit_state{provider="stripe",account="pa_1",state="open"}',
            values: '1x10',
          },
        ],
        at: '3m',
        labels: { provider: 'stripe', account: 'pa_1' },
      },
      // It opens, and a probe closes it.
      rests: {
        series: [
          {
            series: 'interlock_provider_circuit_state{provider="stripe",account="pa_1",state="open"}',
            values: '0 1 0 0 0 0',
          },
        ],
        at: '3m',
      },
    },
  },
  {
    name: 'UnknownOutcomeTooOld',
    severity: 'page',
    summary: 'An outcome at {{ $labels.provider }} has been unknown for {{ $value | humanizeDuration }}',
    means:
      'Somebody may have been charged and been told nothing. It is the promise "no unknown older than 15 minutes", broken.',
    expr: `max by (provider) (interlock_unknown_operations_oldest_age_seconds) > ${UNKNOWN_SECONDS}`,
    forSeconds: 60,
    runbook: 'unknown-outcome-too-old',
    needs: ['unknown'],
    holds: ({ unknown }, scale) =>
      unknown
        .filter(({ oldestSeconds }) => oldestSeconds > scale.limit(UNKNOWN_SECONDS))
        .map(({ provider, count, oldestSeconds }) => ({
          subject: provider,
          detail: `${count} unknown, the oldest for ${duration(oldestSeconds)}`,
        })),
    cases: {
      fires: {
        says: 'An outcome at adyen has been unknown for 20m 0s',
        series: [
          {
            series: 'interlock_unknown_operations_oldest_age_seconds{provider="adyen"}',
            values: '0+60x30',
          },
        ],
        at: '20m',
        labels: { provider: 'adyen' },
      },
      rests: {
        series: [
          {
            series: 'interlock_unknown_operations_oldest_age_seconds{provider="adyen"}',
            values: '0+60x12 0x20',
          },
        ],
        at: '20m',
      },
    },
  },
  {
    name: 'PaymentsFailing',
    severity: 'page',
    summary: '{{ $value | humanizePercentage }} of payments fail for a reason that is not the card',
    means:
      'Payers with good cards cannot pay: no provider could be reached, none takes the payment, or they refuse our requests.',
    expr: `sum(rate(interlock_payments_answered_total{outcome="failed",reason=~"${PLATFORM_FAILURES.join('|')}"}[5m]))
  / sum(rate(interlock_payments_answered_total[5m])) > ${FAILED_MOST}
and sum(increase(interlock_payments_answered_total[5m])) >= ${FEWEST_PAYMENTS}`,
    forSeconds: 120,
    runbook: 'payments-failing',
    needs: ['answers'],
    holds: ({ answers: { answered, failed } }) =>
      answered >= FEWEST_PAYMENTS && failed / answered > FAILED_MOST
        ? [{ subject: '', detail: `${failed} of the last ${answered} payments failed, not by a decline` }]
        : [],
    cases: {
      fires: {
        says: '9.091% of payments fail for a reason that is not the card',
        series: [
          {
            series: 'interlock_payments_answered_total{outcome="failed",reason="provider_unavailable"}',
            values: '0+6x20',
          },
          {
            series: 'interlock_payments_answered_total{outcome="succeeded",reason="none"}',
            values: '0+60x20',
          },
        ],
        at: '10m',
      },
      // As many failures, by declines, and a few that fail while nearly all are held to be captured later.
      rests: {
        series: [
          {
            series: 'interlock_payments_answered_total{outcome="failed",reason="provider_unavailable"}',
            values: '0+2x20',
          },
          {
            series: 'interlock_payments_answered_total{outcome="authorized",reason="none"}',
            values: '0+380x20',
          },
          {
            series: 'interlock_payments_answered_total{outcome="failed",reason="card_declined"}',
            values: '0+6x20',
          },
          {
            series: 'interlock_payments_answered_total{outcome="succeeded",reason="none"}',
            values: '0+60x20',
          },
        ],
        at: '10m',
      },
    },
  },
  {
    name: 'RetryAmplification',
    severity: 'ticket',
    summary: 'Providers are sent {{ $value | humanize }} requests for each payment',
    means:
      'Retries and failover multiply the load, which makes a provider in trouble worse, and the networks charge for it.',
    expr: `sum(rate(interlock_provider_calls_total{operation=~"authorize|sale"}[10m]))
  / sum(rate(interlock_payment_attempts_count[10m])) > ${AMPLIFICATION}
and sum(increase(interlock_payment_attempts_count[10m])) >= ${FEWEST_PAYMENTS}`,
    forSeconds: 600,
    runbook: 'retry-amplification',
    needs: ['payments'],
    holds: ({ payments: { sends, sentFor } }) =>
      sentFor >= FEWEST_PAYMENTS && sends / sentFor > AMPLIFICATION
        ? [{ subject: '', detail: `${sends} sends for the last ${sentFor} payments` }]
        : [],
    cases: {
      fires: {
        says: 'Providers are sent 3 requests for each payment',
        series: [
          {
            series:
              'interlock_provider_calls_total{provider="stripe",account="pa_1",operation="sale",outcome="declined",send="first"}',
            values: '0+180x40',
          },
          { series: 'interlock_payment_attempts_count', values: '0+60x40' },
        ],
        at: '25m',
      },
      rests: {
        series: [
          {
            series:
              'interlock_provider_calls_total{provider="stripe",account="pa_1",operation="sale",outcome="captured",send="first"}',
            values: '0+66x40',
          },
          { series: 'interlock_payment_attempts_count', values: '0+60x40' },
        ],
        at: '25m',
      },
    },
  },
]);
