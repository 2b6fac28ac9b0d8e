/**
 * The policy language: what a merchant writes (YAML or JSON, conditions in CEL), how it is refused with the line
 * and a hint, and what it becomes for `evaluate`. docs/routing.md has the language as its authors see it.
 * What may not live here: anything that looks at a payment's candidates; that is ../evaluate.
 */
export { type Choice, targetsOf } from './choose.ts';
export {
  type CompiledElimination,
  type CompiledPolicy,
  type CompiledRequirement,
  type CompiledRule,
  compilePlatform,
  compilePolicy,
} from './compile.ts';
export { contextsOf } from './context.ts';
export { POLICY_FORMAT, type PolicyDocument, policyDocumentSchema } from './document.ts';
export { PLATFORM_DEFAULT } from './platform.ts';
export type { PolicyProblem } from './problem.ts';
export { type ParsedPolicy, type PolicySource, parsePolicy } from './source.ts';
export { boundsProblems, checkPolicy, type PolicyWorld, validatePolicy } from './validate.ts';
export { FUNCTIONS, VARIABLES, type Variable } from './variables.ts';
