import type { SecretDecision, SecretFacts } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import type { Services } from '../route.ts';
import type { FormProblem, ProviderSecrets } from './parts.ts';

/** Enough to tell two secrets apart, too little to say anything about one. */
const FINGERPRINT_LENGTH = 12;
const WEBHOOK_SECRET = 'webhookSecret';

/** Which secrets somebody sets, and how long the webhook secret before is accepted too. */
export interface SecretOrder {
  readonly given: Readonly<Record<string, string | null>>;
  readonly setBy: string;
  readonly atMs: number;
  readonly overlapMs: number;
}

/** What is sealed from now on, and what may be known of it. */
export function decideSecrets(
  order: SecretOrder,
  account: { readonly id: string; readonly provider: string; readonly secrets: SecretFacts },
  sealed: Uint8Array | undefined,
  services: Services,
): SecretDecision {
  const { secrets: store, providers } = services.administration;
  const { given, setBy, atMs } = order;
  const set = Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== null),
  );
  const removed = Object.keys(given).filter((name) => given[name] === null);
  const problems = providers.secretProblems(account.provider, set);
  if (problems === undefined)
    throw problem('parameter_invalid', {
      param: 'secrets',
      message: 'The provider of this account ships no more.',
    });
  refuse(problems);
  const before: ProviderSecrets = sealed === undefined ? { values: {} } : store.open(sealed, account.id);
  const kept = (name: string) => !removed.includes(name);
  const values = { ...onlyKept(before.values, kept), ...set };
  const factsOfSet = Object.entries(set).map(([name, value]) => {
    const fingerprint = fingerprintOf(services, account.id, name, value);
    return [name, { fingerprint, setBy, setAtMs: atMs }] as const;
  });
  const facts = { ...onlyKept(account.secrets, kept), ...Object.fromEntries(factsOfSet) };
  const previous = previousOf(order, before, store.of(account.id)?.[WEBHOOK_SECRET]);
  return {
    sealed: store.seal({ values, ...previous }, account.id),
    facts,
    details: {
      set: Object.fromEntries(factsOfSet.map(([name, { fingerprint }]) => [name, fingerprint])),
      ...(removed.length === 0 ? {} : { removed }),
      ...(previous.previousWebhookSecret === undefined
        ? {}
        : { previous_webhook_secret_until: new Date(previous.previousWebhookSecret.untilMs).toISOString() }),
    },
  };
}

/** Which webhook secret is accepted beside the new one: the one before, wherever it came from, until its time is over. */
function previousOf(
  { given, atMs, overlapMs }: SecretOrder,
  before: ProviderSecrets,
  inUse: string | undefined,
): Pick<ProviderSecrets, 'previousWebhookSecret'> {
  if (given[WEBHOOK_SECRET] === undefined)
    return before.previousWebhookSecret === undefined
      ? {}
      : { previousWebhookSecret: before.previousWebhookSecret };
  const old = before.values[WEBHOOK_SECRET] ?? inUse;
  if (old === undefined || old === given[WEBHOOK_SECRET] || overlapMs === 0) return {};
  return { previousWebhookSecret: { value: old, untilMs: atMs + overlapMs } };
}

function onlyKept<T>(
  members: Readonly<Record<string, T>>,
  kept: (name: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => kept(name)));
}

function fingerprintOf({ vault }: Services, accountId: string, name: string, value: string): string {
  const text = JSON.stringify(['provider-secret', accountId, name, value]);
  return vault.keyedDigest(text).slice(0, FINGERPRINT_LENGTH);
}

/** The first of them: whoever fills in a form has one thing to look at. */
export function refuse(problems: readonly FormProblem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const { at, message } = first;
  throw problem('parameter_invalid', { param: at, message: `\`${at}\`: ${message}.` });
}
