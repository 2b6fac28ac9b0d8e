import { z } from 'zod';
import { FUNCTIONS, VARIABLES } from '../../domain/routing/policy/index.ts';
import { merchantRoute, type Route } from '../route.ts';

const languageSchema = z
  .object({
    object: z.literal('routing_language'),
    variables: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['string', 'int', 'bool', 'map<string, string>']),
        optional: z.boolean().meta({ description: 'It may not be known; `known.<name>` asks that.' }),
        meaning: z.string(),
        example: z.string(),
        values: z
          .array(z.string())
          .nullable()
          .meta({ description: 'All that it can be, where that is a list.' }),
        min: z.int().nullable(),
        max: z.int().nullable(),
      }),
    ),
    functions: z.array(
      z.object({ name: z.string(), signature: z.string(), meaning: z.string(), example: z.string() }),
    ),
  })
  .meta({ id: 'RoutingLanguage' });

/** The table that declares the variables to the policy's conditions, for whoever writes one. */
const language = merchantRoute({
  method: 'get',
  path: '/v1/routing/language',
  operationId: 'getRoutingLanguage',
  summary: 'Read what a policy’s conditions may ask for',
  responses: { 200: { description: 'Variables and functions.', schema: languageSchema } },
  async handle() {
    const variables = VARIABLES.map(({ optional, values, min, max, ...variable }) => ({
      ...variable,
      optional: optional === true,
      values: values === undefined ? null : [...values],
      min: min ?? null,
      max: max ?? null,
    }));
    const functions = FUNCTIONS.map(({ form: _form, ...named }) => named);
    return { status: 200, body: { object: 'routing_language', variables, functions } };
  },
});

export const languageRoutes: readonly Route[] = [language];
