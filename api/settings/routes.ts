import type { z } from 'zod';
import type { MerchantSettings } from '../../db/settings/index.ts';
import type { AuthenticationRules } from '../../domain/authentication/rules.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce } from '../once.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route } from '../route.ts';
import { type PublicRules, type PublicSettings, settingsSchema, updateSettingsSchema } from './schema.ts';

const getSettings = merchantRoute({
  method: 'get',
  path: '/v1/settings',
  operationId: 'getSettings',
  summary: 'Read your settings; both modes share them',
  responses: { 200: { description: 'As they stand.', schema: settingsSchema } },
  async handle({ caller }, services) {
    const settings = await services.merchants.find(caller.merchantId);
    if (settings === undefined) throw problem('resource_missing');
    return { status: 200, body: renderSettings(settings) };
  },
});

const updateSettings = merchantRoute({
  method: 'post',
  path: '/v1/settings',
  operationId: 'updateSettings',
  summary: 'Change your settings; what is left out stays as it is',
  idempotent: true,
  body: updateSettingsSchema,
  responses: { 200: { description: 'As they stand now.', schema: settingsSchema } },
  async handle(call, services) {
    const { caller } = call;
    // Real payers are sent to these origins: a key that only ever sees test cards must not choose them.
    if (caller.mode === 'test' && (await services.merchants.hasLiveKey(caller.merchantId)))
      throw problem('live_key_required');
    return answerOnce(call, services, (request) =>
      services.merchants.change(caller, request, changeOf(call.body), (changed) => ({
        status: 200,
        body: renderSettings(changed),
      })),
    );
  },
});

function changeOf(body: z.output<typeof updateSettingsSchema>): Partial<MerchantSettings> {
  const { return_origins: origins, authentication_rules: rules, duplicate_reference_guard: guard } = body;
  const { category, country, routing_approval: routingApproval } = body;
  return {
    ...(origins === undefined ? {} : { returnOrigins: [...new Set(origins)] }),
    ...(rules === undefined ? {} : { authenticationRules: rulesOf(rules) }),
    ...(guard === undefined ? {} : { duplicateReferenceGuard: guard }),
    ...withoutAbsent({ category, country, routingApproval }),
  };
}

function rulesOf(rules: PublicRules): AuthenticationRules {
  return withoutAbsent({
    challengeFromMinor: rules.challenge_from,
    challengeCountries: rules.challenge_countries,
    authenticateCountries: rules.authenticate_countries,
    claimLowValue: rules.claim_low_value,
    claimRiskAnalysisUpToMinor: rules.claim_risk_analysis_up_to,
  });
}

function renderSettings(settings: MerchantSettings): PublicSettings {
  const { returnOrigins, authenticationRules: rules, duplicateReferenceGuard } = settings;
  return {
    object: 'settings',
    return_origins: [...returnOrigins],
    authentication_rules: withoutAbsent({
      challenge_from: rules.challengeFromMinor,
      challenge_countries: rules.challengeCountries,
      authenticate_countries: rules.authenticateCountries,
      claim_low_value: rules.claimLowValue,
      claim_risk_analysis_up_to: rules.claimRiskAnalysisUpToMinor,
    }),
    duplicate_reference_guard: duplicateReferenceGuard,
    category: settings.category ?? null,
    country: settings.country ?? null,
    routing_approval: settings.routingApproval,
  };
}

export const settingsRoutes: readonly Route[] = [getSettings, updateSettings];
