import { AssertionFailure } from '../../machine.ts';
import type { Requirement, RetryPlan } from '../decision.ts';
import type { Choice } from './choose.ts';
import { type Condition, compileCondition } from './condition.ts';
import { type Clock, clockFor } from './context.ts';
import { durationMs, type Handling, type PolicyDocument, type PolicyRule } from './document.ts';
import { PLATFORM_DEFAULT } from './platform.ts';

/** A policy with what it inherits worked out and its conditions compiled: all that `evaluate` needs. */
export interface CompiledPolicy {
  readonly name: string;
  readonly clock: Clock;
  /** Undefined: all. */
  readonly currencies?: ReadonlySet<string>;
  /** Ours, then the platform's where it is inherited. The first that matches decides. */
  readonly rules: readonly CompiledRule[];
  readonly otherwise: Choice;
  readonly builtIn: Readonly<Record<BuiltInElimination, Handling>>;
  readonly eliminations: readonly CompiledElimination[];
  readonly requirements: readonly CompiledRequirement[];
  readonly retries: RetryPlan;
}

/** Of the built-in eliminations those that a policy may change. */
export type BuiltInElimination = 'unhealthy' | 'degraded' | 'over_limit' | 'ticket_size';

export interface CompiledRule {
  readonly name: string;
  readonly condition: Condition;
  readonly choice: Choice;
}

export interface CompiledElimination {
  readonly name: string;
  readonly condition: Condition;
  /** Provider names or account ids. */
  readonly accounts: ReadonlySet<string>;
}

export interface CompiledRequirement {
  readonly name: string;
  readonly condition: Condition;
  readonly require: Requirement;
}

/**
 * A document that was validated. Conditions are compiled once for each text, however many policies have it.
 *
 * What it doesn't say is the platform's, as of the version that is named in the inputs: of that alone, so that another
 * release's default changes no decision made before it. What neither says is the format's own, below.
 */
export function compilePolicy(
  document: PolicyDocument,
  platform: PolicyDocument = PLATFORM_DEFAULT,
): CompiledPolicy {
  const layers = document.inherit === false ? [document] : [document, platform];
  const otherwise = layers.map((each) => each.otherwise).find((each) => each !== undefined);
  if (otherwise === undefined) throw new AssertionFailure(`policy ${document.name} has no otherwise`);
  const first = <T>(of: (layer: PolicyDocument) => T | undefined): T | undefined =>
    [document, platform].map(of).find((value) => value !== undefined);
  return {
    name: document.name,
    clock: clockFor(document.time_zone ?? 'UTC'),
    ...(document.currencies === undefined ? {} : { currencies: new Set(document.currencies) }),
    rules: layers.flatMap(({ rules = [] }) => rules.map(compiledRule)),
    otherwise: otherwise.choose,
    builtIn: {
      unhealthy: first(({ built_in }) => built_in?.unhealthy) ?? 'last_resort',
      degraded: first(({ built_in }) => built_in?.degraded) ?? 'last_resort',
      over_limit: first(({ built_in }) => built_in?.over_limit) ?? 'remove',
      ticket_size: first(({ built_in }) => built_in?.ticket_size) ?? 'remove',
    },
    eliminations: layers.flatMap(({ eliminate = [] }) =>
      eliminate.map(({ name, when, accounts }) => ({
        name,
        condition: conditionOf(when),
        accounts: new Set(accounts),
      })),
    ),
    requirements: layers.flatMap(({ requirements = [] }) =>
      requirements.map(({ name, when, require }) => ({ name, condition: conditionOf(when), require })),
    ),
    retries: {
      maxAttempts: first(({ retries }) => retries?.max_attempts) ?? 1,
      failOverAfter: first(({ retries }) => retries?.fail_over_after) ?? [],
      laterMs: (first(({ retries }) => retries?.later) ?? []).map(durationMs),
    },
  };
}

function compiledRule({ name, when, choose }: PolicyRule): CompiledRule {
  return { name, condition: conditionOf(when), choice: choose };
}

function conditionOf(text: string): Condition {
  const answer = compileCondition(text);
  if (!answer.ok)
    throw new AssertionFailure(`a stored condition does not compile: ${answer.refusal.message}`);
  return answer.condition;
}
