import type { Sent } from '../../api/query.ts';
import { DecisionView } from '../policies/decision.tsx';

type Decision = Omit<Sent<'/v1/routing/simulate'>, 'object'>;

/** Why it went where it went: every candidate with its numbers. What was stored in an older form is shown as it stands. */
export function DecisionTable({
  explanation,
  currency,
}: {
  readonly explanation: unknown;
  readonly currency: string;
}) {
  if (isDecision(explanation)) return <DecisionView decision={explanation} currency={currency} />;
  return <pre className="entry-json">{JSON.stringify(explanation, null, 2)}</pre>;
}

/** The API renders today's form with these members, and hands older ones on as they were. */
function isDecision(value: unknown): value is Decision {
  return typeof value === 'object' && value !== null && 'candidates' in value && 'chosen_rule' in value;
}
