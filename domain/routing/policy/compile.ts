import { AssertionFailure } from '../../machine.ts';
import type { PolicyEdition, Requirement, RetryPlan } from '../decision.ts';
import type { Choice } from './choose.ts';
import { type Condition, compileCondition } from './condition.ts';
import { type Clock, clockFor } from './context.ts';
import { durationMs, type Handling, type PolicyDocument, type PolicyRule } from './document.ts';
import { PLATFORM_DEFAULT } from './platform.ts';

/** A policy with what it inherits worked out and its conditions compiled: all that `evaluate` needs. */
export interface CompiledPolicy {
  readonly name: string;
  readonly edition: PolicyEdition;
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
  /** Of the document that has it: a merchant's hours are not the platform's. */
  readonly clock: Clock;
  readonly choice: Choice;
}

export interface CompiledElimination {
  readonly name: string;
  readonly condition: Condition;
  readonly clock: Clock;
  /** Of those with one key the first that is asked answers for all. */
  readonly answeredAs: string | symbol;
  /** Provider names or account ids. */
  readonly accounts: ReadonlySet<string>;
}

export interface CompiledRequirement {
  readonly name: string;
  readonly condition: Condition;
  readonly clock: Clock;
  readonly require: Requirement;
}

/** How policies are read today. */
const EDITION: PolicyEdition = 2;

/** A document in its place among those that decide together, with its own time. */
interface Layer {
  readonly layer: PolicyDocument;
  readonly clock: Clock;
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
  edition: PolicyEdition = EDITION,
): CompiledPolicy {
  const layers = layersOf(document, platform, edition);
  const otherwise = layers.map(({ layer }) => layer.otherwise).find((each) => each !== undefined);
  if (otherwise === undefined) throw new AssertionFailure(`policy ${document.name} has no otherwise`);
  const first = <T>(of: (layer: PolicyDocument) => T | undefined): T | undefined =>
    [document, platform].map(of).find((value) => value !== undefined);
  return {
    name: document.name,
    edition,
    ...(document.currencies === undefined ? {} : { currencies: new Set(document.currencies) }),
    rules: layers.flatMap(({ layer, clock }) => (layer.rules ?? []).map((rule) => compiledRule(rule, clock))),
    otherwise: otherwise.choose,
    builtIn: {
      unhealthy: first(({ built_in }) => built_in?.unhealthy) ?? 'last_resort',
      degraded: first(({ built_in }) => built_in?.degraded) ?? 'last_resort',
      over_limit: first(({ built_in }) => built_in?.over_limit) ?? 'remove',
      ticket_size: first(({ built_in }) => built_in?.ticket_size) ?? 'remove',
    },
    eliminations: layers.flatMap(({ layer, clock }) =>
      (layer.eliminate ?? []).map(({ name, when, accounts }) => ({
        name,
        condition: conditionOf(when),
        clock,
        answeredAs: edition === 1 ? name : Symbol(name),
        accounts: new Set(accounts),
      })),
    ),
    requirements: layers.flatMap(({ layer, clock }) =>
      (layer.requirements ?? []).map(({ name, when, require }) => ({
        name,
        condition: conditionOf(when),
        clock,
        require,
      })),
    ),
    retries: {
      maxAttempts: first(({ retries }) => retries?.max_attempts) ?? 1,
      failOverAfter: first(({ retries }) => retries?.fail_over_after) ?? [],
      laterMs: (first(({ retries }) => retries?.later) ?? []).map(durationMs),
    },
  };
}

/** The platform's document where it decides itself: it inherits from nobody, whatever it says. */
export function compilePlatform(platform: PolicyDocument, edition: PolicyEdition = EDITION): CompiledPolicy {
  return compilePolicy(edition === 1 ? platform : { ...platform, inherit: false }, platform, edition);
}

/** Each with a clock of its own; a merchant that names no time zone has the platform's. In the first edition all had one. */
function layersOf(
  document: PolicyDocument,
  platform: PolicyDocument,
  edition: PolicyEdition,
): readonly Layer[] {
  const zone = document.time_zone ?? (edition === 1 ? undefined : platform.time_zone) ?? 'UTC';
  const own = { layer: document, clock: clockFor(zone) };
  if (document.inherit === false) return [own];
  const inheritedZone = edition === 1 ? zone : (platform.time_zone ?? 'UTC');
  const clock = inheritedZone === zone ? own.clock : clockFor(inheritedZone);
  return [own, { layer: platform, clock }];
}

function compiledRule({ name, when, choose }: PolicyRule, clock: Clock): CompiledRule {
  return { name, condition: conditionOf(when), clock, choice: choose };
}

function conditionOf(text: string): Condition {
  const answer = compileCondition(text);
  if (!answer.ok)
    throw new AssertionFailure(`a stored condition does not compile: ${answer.refusal.message}`);
  return answer.condition;
}
