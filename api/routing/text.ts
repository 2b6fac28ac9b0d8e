import type { StoredMerchantRouting } from '../../domain/routing/assemble.ts';
import { catalogueOf } from '../../domain/routing/assemble.ts';
import {
  checkPolicy,
  type PolicyDocument,
  type PolicyProblem,
  type PolicyWorld,
  parsePolicy,
} from '../../domain/routing/policy/index.ts';
import { type Problem, problem } from '../problems.ts';

/** A policy as it came: its text, or an object whose text is what JSON makes of it. */
export interface GivenText {
  readonly source?: string | undefined;
  readonly document?: Readonly<Record<string, unknown>> | undefined;
}

export interface ReadPolicy {
  readonly source: string;
  readonly document: PolicyDocument;
}

/** Lines of an object are those of its indented text, which is also what is kept. */
export function textOf({ source, document }: GivenText): string {
  return source ?? JSON.stringify(document, null, 2);
}

/** What a policy is held against: the accounts that there are, what they can take, and what is inherited. */
export function worldOf(stored: StoredMerchantRouting): PolicyWorld {
  return {
    accounts: stored.accounts.map(({ id, provider }) => ({ id, provider })),
    catalogue: catalogueOf(stored),
    platform: stored.platform.document,
  };
}

/** Read and fit for these accounts, or refused with everything that is wrong with it. */
export function fitPolicy(given: GivenText, world: PolicyWorld): ReadPolicy {
  const source = textOf(given);
  const checked = checkPolicy(source, world);
  if (!checked.ok) throw policyProblem(checked.problems);
  return { source, document: checked.document };
}

/** Read only: whether it fits is asked when it is to be used. */
export function readPolicy(given: GivenText): ReadPolicy {
  const source = textOf(given);
  const parsed = parsePolicy(source);
  if (!parsed.ok) throw policyProblem(parsed.problems);
  return { source, document: parsed.document };
}

export function policyProblem(problems: readonly PolicyProblem[]): Problem {
  return problem('policy_invalid', { message: summary(problems), problems });
}

function summary(problems: readonly PolicyProblem[]): string {
  const [first] = problems;
  if (first === undefined) return 'The policy is not valid.';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `Line ${first.line}, column ${first.column}: ${first.message}${more}`;
}
