import { describe, expect, it } from 'vitest';
import { evaluateAgain } from './again.ts';
import type { MerchantRouting, VersionedPolicy } from './book.ts';
import { resolveCatalogue } from './catalogue/index.ts';
import { choose, comparisonsOf, decidingVersion } from './choose.ts';
import type { CandidateInputs, RoutingDecision } from './decision.ts';
import { drawOf } from './draw.ts';
import { evaluate } from './evaluate/index.ts';
import type { RoutingFacts } from './facts.ts';
import {
  compilePlatform,
  compilePolicy,
  PLATFORM_DEFAULT,
  type PolicyDocument,
  parsePolicy,
} from './policy/index.ts';

function policy(version: number, order: string): VersionedPolicy {
  const parsed = parsePolicy(`
format: interlock/routing@1
name: version ${version}
inherit: false
otherwise: { choose: { order: [${order}] } }`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { version, policy: compilePolicy(parsed.document) };
}

const CATALOGUE = resolveCatalogue(
  ['stripe', 'adyen'].map((provider) => ({ id: `pa_${provider}`, provider })),
);
const ROUTING: MerchantRouting = {
  merchantId: 'mer_1',
  mode: 'test',
  active: policy(1, 'stripe, adyen'),
  platformVersion: 1,
  accounts: [],
  catalogue: CATALOGUE,
  catalogueId: 'cat_1',
  authenticationRules: {},
};
const FACTS: RoutingFacts = {
  merchantId: 'mer_1',
  amountMinor: 1_000,
  currency: 'EUR',
  method: 'card',
  atMs: 1_800_000_000_000,
  brand: 'visa',
  risk: 'normal',
  merchantInitiated: false,
  recurring: false,
  metadata: {},
};
const CANDIDATES: readonly CandidateInputs[] = ['stripe', 'adyen'].map((provider) => ({
  accountId: `pa_${provider}`,
  provider,
  connectorVersion: '1',
  enabled: true,
  health: { circuit: 'closed', weightPpm: 1_000_000, unknownPpm: 0 },
  success: { ratePpm: 900_000, samples: 0, cell: 'prior', windowMs: 1 },
  authorizedTodayMinor: 0,
}));
const PAYMENTS = Array.from({ length: 4_000 }, (_, index) => `pay_${index}`);
const decidedBy = (routing: MerchantRouting, version: number) =>
  PAYMENTS.filter((id) => decidingVersion(routing, id, FACTS.atMs).version === version).length /
  PAYMENTS.length;

describe('a payment’s route', () => {
  it('keeps all that it was decided by: evaluated again, it is the same', () => {
    const chosen = choose(ROUTING, 'pay_1', FACTS, CANDIDATES);
    const { inputs, format: _format, ...decision } = chosen;
    expect(evaluate(ROUTING.active.policy, CATALOGUE, inputs)).toEqual(decision);
    expect(inputs).toMatchObject({ policyVersion: 1, platformVersion: 1, edition: 2, draw: drawOf('pay_1') });
    expect(JSON.parse(JSON.stringify(chosen))).toEqual(chosen);
  });

  describe('by documents that share a name, each with hours of its own', () => {
    const { inherit: _unsaid, ...silent } = PLATFORM_DEFAULT;
    const toBoth = { order: ['adyen', 'stripe'] };
    // At noon of UTC it is 21 hours in Tokyo and 13 in Berlin.
    const facts = { ...FACTS, atMs: Date.UTC(2026, 10, 21, 12), channel: 'web' as const };
    const platform: PolicyDocument = {
      ...silent,
      time_zone: 'Asia/Tokyo',
      rules: [{ name: 'evening', when: 'hour == 21', choose: { order: ['adyen'] } }],
      eliminate: [{ name: 'one name', when: 'amount == 1000', accounts: ['stripe'] }],
    };
    const own = {
      format: PLATFORM_DEFAULT.format,
      name: 'own',
      time_zone: 'Europe/Berlin',
      rules: [{ name: 'lunch', when: 'hour == 13', choose: toBoth }],
      eliminate: [{ name: 'one name', when: 'channel == "phone"', accounts: ['adyen'] }],
    } satisfies PolicyDocument;
    const morning = {
      ...platform,
      rules: [{ name: 'night', when: 'hour == 3', choose: toBoth }],
    };
    const decidedIn = (edition: 1 | 2, document?: PolicyDocument) => {
      const active =
        document === undefined
          ? { version: 0, policy: compilePlatform(morning, edition) }
          : { version: 1, policy: compilePolicy(document, platform, edition) };
      return choose({ ...ROUTING, active }, 'pay_1', facts, CANDIDATES);
    };
    const saying = ({ order, explanation: { rules, chosenRule } }: RoutingDecision) => ({
      order,
      chosenRule,
      rules: rules.map(({ name }) => name),
    });
    const late: PolicyDocument = { ...own, rules: [] };

    it('takes out by each elimination for itself, and asks each rule once, by its own clock', () => {
      const order = ['pa_adyen'];
      expect(saying(decidedIn(2, own))).toEqual({ order, chosenRule: 'lunch', rules: ['lunch'] });
      expect(saying(decidedIn(2, late))).toEqual({ order, chosenRule: 'evening', rules: ['evening'] });
      // Without a time zone of its own it has the platform's.
      const { time_zone: _none, ...zoneless } = own;
      expect(saying(decidedIn(2, zoneless)).rules).toEqual(['lunch', 'evening']);
      const atPlatforms = {
        ...zoneless,
        inherit: false,
        rules: [{ name: 'lunch', when: 'hour == 21', choose: toBoth }],
      };
      const withOtherwise = { ...atPlatforms, otherwise: { choose: toBoth } };
      expect(saying(decidedIn(2, withOtherwise)).chosenRule).toBe('lunch');
      expect(saying(decidedIn(2)).rules).toEqual(['night']);
    });

    it('and decided before that was so comes out as it did', () => {
      for (const [document, said] of [
        // Of the eliminations the first that was asked answered for both: neither took anybody out, or both did.
        [own, { order: ['pa_adyen', 'pa_stripe'], chosenRule: 'lunch', rules: ['lunch'] }],
        [late, { order: [], chosenRule: 'otherwise', rules: ['evening'] }],
        [undefined, { order: ['pa_adyen'], chosenRule: 'otherwise', rules: ['night', 'night'] }],
      ] as const) {
        const first = decidedIn(1, document);
        const { edition: _unkept, ...inputs } = first.inputs;
        expect(saying(first)).toEqual(said);
        const decidedWith = {
          policy: document ?? morning,
          platform: document === undefined ? morning : platform,
          catalogue: CATALOGUE,
        };
        expect(evaluateAgain({ ...first, inputs }, decidedWith)).toEqual({ same: true });
        expect(evaluateAgain(decidedIn(2, document), decidedWith)).toEqual({ same: true });
      }
    });
  });
});

describe('the canary', () => {
  const canary = { ...policy(2, 'adyen, stripe'), percent: 10 };

  it('decides its share of the payments, each of them always the same way', () => {
    const routing = { ...ROUTING, canary };
    expect(decidedBy(routing, 2)).toBeCloseTo(0.1, 1);
    for (const id of PAYMENTS.slice(0, 50))
      expect(decidingVersion(routing, id, FACTS.atMs)).toBe(decidingVersion(routing, id, FACTS.atMs));
    expect(
      choose({ ...ROUTING, canary: { ...canary, percent: 100 } }, 'pay_1', FACTS, CANDIDATES).order[0],
    ).toBe('pa_adyen');
  });

  it('keeps who was its when its share grows', () => {
    const more = { ...ROUTING, canary: { ...canary, percent: 30 } };
    const before = PAYMENTS.filter(
      (id) => decidingVersion({ ...ROUTING, canary }, id, FACTS.atMs).version === 2,
    );
    expect(before.every((id) => decidingVersion(more, id, FACTS.atMs).version === 2)).toBe(true);
  });

  it('is compared with the active one, and waits while an experiment runs', () => {
    const routing = { ...ROUTING, canary: { ...canary, percent: 100 } };
    const chosen = choose(routing, 'pay_1', FACTS, CANDIDATES);
    expect(comparisonsOf(routing, 'pay_1', chosen)).toMatchObject([{ deciding: 2, compared: 1 }]);
    const experiment = {
      id: 'rex_1',
      controlVersion: 1,
      treatmentVersion: 3,
      percent: 50,
      endsByMs: FACTS.atMs + 1,
      treatment: policy(3, 'adyen'),
    };
    const tested = { ...routing, experiment };
    expect(decidedBy(tested, 2)).toBe(0);
    expect(decidedBy(tested, 3)).toBeCloseTo(0.5, 1);
  });
});

describe('a version on trial', () => {
  const treatment = policy(2, 'adyen, stripe');
  const experiment = {
    id: 'rex_1',
    controlVersion: 1,
    treatmentVersion: 2,
    percent: 100,
    endsByMs: FACTS.atMs + 1,
    treatment,
  };
  const told: number[] = [];
  const failed = (version: number) => void told.push(version);
  /** Compiled, and of another release's form: whoever evaluates it fails. */
  const broken = { version: 2, policy: { ...treatment.policy, rules: null as never } };

  it('that is tested and the shadow too isn’t compared with itself', () => {
    const routing = { ...ROUTING, experiment, shadow: treatment };
    const chosen = choose(routing, 'pay_1', FACTS, CANDIDATES);
    expect(comparisonsOf(routing, 'pay_1', chosen)).toMatchObject([{ deciding: 2, compared: 1 }]);
  });

  it('decides nothing once its experiment’s time is up, though nobody has looked', () => {
    const by = (endsByMs: number) =>
      choose({ ...ROUTING, experiment: { ...experiment, endsByMs } }, 'pay_1', FACTS, CANDIDATES).inputs;
    expect(by(FACTS.atMs + 1).policyVersion).toBe(2);
    expect(by(FACTS.atMs).policyVersion).toBe(1);
  });

  it('that can’t be evaluated stops no payment: the active one decides, and it is told', () => {
    for (const routing of [
      { ...ROUTING, failed, canary: { ...broken, percent: 100 } },
      { ...ROUTING, failed, experiment: { ...experiment, treatment: broken } },
      { ...ROUTING, failed, shadow: broken },
    ]) {
      told.length = 0;
      const chosen = choose(routing, 'pay_1', FACTS, CANDIDATES);
      expect(chosen.inputs.policyVersion).toBe(1);
      expect(comparisonsOf(routing, 'pay_1', chosen)).toEqual([]);
      expect(told).toEqual([2]);
    }
    const active = { ...broken, version: 1 };
    expect(() => choose({ ...ROUTING, active }, 'pay_1', FACTS, CANDIDATES)).toThrow();
  });
});

describe('the shadow', () => {
  it('is evaluated on the same inputs, and decides nothing', () => {
    const routing = { ...ROUTING, shadow: policy(2, 'adyen, stripe') };
    const chosen = choose(routing, 'pay_1', FACTS, CANDIDATES);
    expect(chosen.order).toEqual(['pa_stripe', 'pa_adyen']);
    expect(comparisonsOf(routing, 'pay_1', chosen)).toEqual([
      expect.objectContaining({
        deciding: 1,
        compared: 2,
        decided: { order: ['pa_stripe', 'pa_adyen'], requirements: [] },
        wouldHave: { order: ['pa_adyen', 'pa_stripe'], requirements: [] },
      }),
    ]);
    expect(comparisonsOf(ROUTING, 'pay_1', chosen)).toEqual([]);
  });
});
