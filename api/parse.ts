import type { ZodType, z } from 'zod';
import { type Problem, problem } from './problems.ts';

const MAX_PARAM_LENGTH = 100;

/** Parses with the schema or answers 400 naming the parameter. Without a schema, nothing is passed on. */
export function parseWith(schema: ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw issue === undefined ? problem('parameter_invalid') : problemOfIssue(issue, value);
}

/** zod's messages say what was expected and never what was sent, so they can be passed on. */
function problemOfIssue(issue: z.core.$ZodIssue, input: unknown): Problem {
  if (issue.code === 'unrecognized_keys') {
    return problem('parameter_unknown', named([...issue.path, issue.keys[0] ?? '']));
  }
  if (issue.code === 'invalid_type' && valueAt(input, issue.path) === undefined) {
    return problem('parameter_missing', named(issue.path));
  }
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return problem('parameter_invalid', { ...named(issue.path), message: inner ?? issue.message });
}

function named(path: readonly PropertyKey[]): { param?: string } {
  const param = path.map(String).join('.').slice(0, MAX_PARAM_LENGTH);
  return param === '' ? {} : { param };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[name] : undefined,
    input,
  );
}
