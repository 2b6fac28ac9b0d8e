import { canonical } from '../canonical.ts';
import { PLATFORM_DECIDES } from './assemble.ts';
import type { Catalogue } from './catalogue/index.ts';
import type { StoredRouting } from './choose.ts';
import type { RoutingDecision } from './decision.ts';
import { evaluate } from './evaluate/index.ts';
import { compilePlatform, compilePolicy, type PolicyDocument } from './policy/index.ts';

/** What a stored decision was made with, looked up by the names in its inputs. */
export interface DecidedWith {
  readonly policy: PolicyDocument;
  readonly platform: PolicyDocument;
  readonly catalogue: Catalogue;
}

export type Again =
  | { readonly same: true }
  | { readonly same: false; readonly stored: RoutingDecision; readonly again: RoutingDecision };

/** Evaluates a stored decision's inputs once more: the answer must be the same, to the last number. */
export function evaluateAgain(
  { format: _format, inputs, ...stored }: StoredRouting,
  { policy, platform, catalogue }: DecidedWith,
): Again {
  const { policyVersion, edition = 1 } = inputs;
  const compiled =
    policyVersion === PLATFORM_DECIDES
      ? compilePlatform(platform, edition)
      : compilePolicy(policy, platform, edition);
  const again = evaluate(compiled, catalogue, inputs);
  return sameJson(stored, again) ? { same: true } : { same: false, stored, again };
}

/** A row of before decisions were kept whole has no `format`, and can only be read. */
export function isStoredRouting(document: unknown): document is StoredRouting {
  return typeof document === 'object' && document !== null && 'format' in document && document.format === 2;
}

/** As JSON keeps it: what is undefined is absent, and the order of an object's members says nothing. */
function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}
