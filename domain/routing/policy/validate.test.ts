import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCOUNTS, catalogueWith, FACTS } from '../test-support/fixtures.ts';
import { compileCondition } from './condition.ts';
import { clockFor, contextOf } from './context.ts';
import {
  boundsProblems,
  checkPolicy,
  PLATFORM_DEFAULT,
  type PolicyProblem,
  parsePolicy,
  validatePolicy,
} from './index.ts';
import { reachOf } from './reach/reach.ts';
import { Steps } from './reach/steps.ts';

const HEAD = 'format: interlock/routing@1\nname: test\n';

/** Lines are counted from the one after the head. */
function problems(text: string, catalogue = catalogueWith()): readonly (PolicyProblem & { at: string })[] {
  const checked = checkPolicy(HEAD + text, { accounts: ACCOUNTS, catalogue });
  return checked.ok
    ? []
    : checked.problems.map((each) => ({ ...each, at: `${each.line - 2}:${each.column}` }));
}

function only(text: string, catalogue = catalogueWith()): PolicyProblem & { at: string } {
  const [first, ...more] = problems(text, catalogue);
  expect(more).toEqual([]);
  if (first === undefined) throw new Error('nothing is wrong with it');
  return first;
}

const rules = (...conditions: string[]) =>
  `rules:\n${conditions.map((when, at) => `  - name: r${at}\n    when: '${when}'\n    choose: { order: all }\n`).join('')}`;

describe('a text that does not parse is refused with its line', () => {
  it.each([
    ['rules: [', '1:9', 'Flow sequence'],
    ['rules:\n\t- name: x', '2:1', 'Tabs'],
    ['rules: &a []\neliminate: *a', '1:11', 'anchors'],
    ['built_in: &a { unhealthy: keep }', '1:14', 'anchors'],
    ['rules: !secret []', '1:8', 'Unresolved tag'],
    ['otherwise: { choose: { order: all } }\n---\na: b', '2:1', 'multiple documents'],
    ['rules: []\nrules: []', '2:1', '`rules` is there twice'],
    ['ruls: []', '1:1', 'unknown key `ruls`'],
    ['rules:\n  - name: a\n    wen: recurring', '3:5', 'unknown key `wen`'],
    ['rules:\n  - name: a\n    when: recurring\n    choose: { ordr: all }', '4:13', 'did you mean `order`?'],
    [
      'rules:\n  - name: a\n    when: recurring\n    choose: { order: all, split: [] }',
      '4:13',
      'order and split',
    ],
    [
      'otherwise:\n  choose: { best_success: all, explore_precent: 5 }',
      '2:32',
      'unknown key `explore_precent`',
    ],
    ['otherwise:\n  choose: { best_success: all, explore_percent: 50 }', '2:49', 'must be <=20'],
    ['rules:\n  - name: a\n    when: true\n    choose: { order: all }', '3:11', 'must be string'],
    ['time_zone: Europe/Berln', '1:12', 'time zone'],
    ['currencies: [EUR, EURO]', '1:19', 'ISO 4217'],
    ['requirements: [{ name: a, when: recurring, require: chalenge }]', '1:53', 'must be one of'],
    ['retries: { later: [3 days] }', '1:20', 'duration'],
  ])('%j', (text, at, message) => {
    const found = problems(text);
    expect(found.map((each) => `${each.at} ${each.message}`).join('\n')).toContain(`${at} `);
    expect(found.find((each) => each.at === at)?.message).toContain(message);
    expect(found.every(({ hint }) => hint.length > 0)).toBe(true);
  });

  it('and a suggestion', () => {
    expect(only('ruls: []').hint).toBe('Did you mean `rules`?');
    expect(only('requirements: [{ name: a, when: recurring, require: chalenge }]').hint).toBe(
      'Did you mean `challenge`?',
    );
  });

  it('JSON is YAML', () => {
    const text = JSON.stringify({ ...PLATFORM_DEFAULT, ruls: [] }, null, 2);
    expect(parsePolicy(JSON.stringify(PLATFORM_DEFAULT))).toMatchObject({
      ok: true,
      document: PLATFORM_DEFAULT,
    });
    expect(parsePolicy(text)).toMatchObject({ ok: false, problems: [{ path: 'ruls' }] });
  });

  it.each([
    ['of flow lists', '['.repeat(100_000)],
    ['of block lists', '- '.repeat(100_000)],
    ['of maps', `${'a: {'.repeat(10_000)}`],
    ['of keys', Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join('\n')],
    ['of characters', `# ${'a'.repeat(256 * 1024)}`],
    ['of rules', `${HEAD}${rules(...Array.from({ length: 1_001 }, (_, at) => `amount == ${at}`))}`],
  ])('a bomb %s is refused, with few problems', (_what, text) => {
    const parsed = parsePolicy(text);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? 0 : parsed.problems.length).toBeLessThanOrEqual(50);
  });
});

describe('a document that makes no sense is refused', () => {
  it('with the place within the condition', () => {
    expect(
      only('rules:\n  - name: a\n    when: amount > 1 && amout > 2\n    choose: { order: all }'),
    ).toMatchObject({
      at: '3:25',
      path: 'rules.0.when',
      message: 'there is no variable `amout`',
      hint: 'Did you mean `amount`?',
    });
    expect(only('requirements:\n  - { name: a, when: \'amount > "5"\', require: review }').at).toBe('2:23');
  });

  it.each([
    [
      'otherwise:\n  choose: { order: [stripe, adyn] }',
      '2:29',
      'no provider or account `adyn`',
      'Did you mean `adyen`?',
    ],
    ['otherwise:\n  choose: { split: [{ to: pa_strip, weight: 1 }] }', '2:27', '`pa_strip`', '`pa_stripe`'],
    [
      'otherwise:\n  choose: { weighted: { cost: 1 }, among: [klarna] }',
      '2:44',
      '`klarna`',
      'Known providers',
    ],
    ['eliminate: [{ name: a, when: recurring, accounts: [aden] }]', '1:52', '`aden`', '`adyen`'],
    [
      'otherwise:\n  choose: { split: [{ to: stripe, weight: 0 }] }',
      '2:20',
      'weights sum to 0',
      'more than 0',
    ],
    ['otherwise:\n  choose: { weighted: { cost: 0 } }', '2:23', 'weights sum to 0', 'more than 0'],
    ['otherwise:\n  choose: { weighted: { value: 1 } }', '2:32', 'needs the margin', 'margin_percent'],
    ['inherit: false', '-1:1', 'no `otherwise`', 'otherwise:'],
    ['retries: { fail_over_after: [lost_or_stolen] }', '1:30', 'the networks forbid', 'Remove'],
    ['retries: { later: [3d, 1d] }', '1:24', 'do not ascend', 'first decline'],
    [`${rules('amount == 1', 'amount == 2').replace('r1', 'r0')}`, '5:11', 'name `r0` is taken', 'own name'],
  ])('%j', (text, at, message, hint) => {
    const found = only(text);
    expect(found.at).toBe(at);
    expect(found.message).toContain(message);
    expect(found.hint).toContain(hint);
  });

  it('with all that is wrong at once, in the order of its lines', () => {
    const found = problems(
      `${rules('curency == "EUR"', 'amount > "1"')}otherwise:\n  choose: { order: [stripee] }\n`,
    );
    expect(found.map(({ path }) => path)).toEqual([
      'rules.0.when',
      'rules.1.when',
      'otherwise.choose.order.0',
    ]);
  });

  it('with paths alone where the document came without its text', () => {
    const document = { ...PLATFORM_DEFAULT, otherwise: { choose: { order: ['adyn'] } } };
    expect(validatePolicy(document, { accounts: ACCOUNTS })).toMatchObject([
      { line: 0, column: 0, path: 'otherwise.choose.order.0' },
    ]);
    expect(validatePolicy(document, {})).toEqual([]);
  });
});

describe('a rule that can never match is refused', () => {
  it.each([
    ['false'],
    ['amount > 5 && amount < 6'],
    ['amount > minor(100, currency) && amount <= minor(100, currency)'],
    ['currency == "EUR" && currency in ["USD", "GBP"]'],
    ['!(recurring || !recurring)'],
    ['known.brand && !known.brand'],
    ['!known.brand && brand == "visa"'],
    ['metadata["a"] == "x" && !("a" in metadata)'],
  ])('because it contradicts itself: %s', (when) => {
    expect(only(rules(when)).message).toBe('rule `r0` can never match');
  });

  it.each([
    ['risk_score > 100', '`risk_score` is never so: it is 0 to 100.'],
    ['funding == "creddit" && recurring', '`funding` is never so: it is credit, debit, prepaid.'],
    ['weekday == 0', '`weekday` is never so: it is 1 to 7.'],
    ['currency == "EURO"', '`currency` is never so.'],
  ])('because of a value that there is not: %s', (when, hint) => {
    expect(only(rules(when)).hint).toBe(hint);
  });

  it.each([
    [['buyer_country in ["US", "CA"]', 'buyer_country == "US" && amount > 5'], '`r0`'],
    [['amount >= 10', 'amount < 10', 'currency == "EUR"'], '`r0`, `r1`'],
    [['true', 'recurring'], '`r0`'],
    [['recurring', '!recurring', 'amount > 5'], '`r0`, `r1`'],
    [['known.brand', '!known.brand', 'true'], '`r0`, `r1`'],
    [['weekday in [1, 2, 3, 4, 5]', 'hour < 12', 'weekday > 5 && hour < 3'], '`r1`'],
    [['funding in ["credit", "debit"]', 'funding == "prepaid"', 'known.funding'], '`r0`, `r1`'],
    [['amount > minor(10, currency) || recurring', 'amount > minor(20, currency)'], '`r0`'],
    [['bin.startsWith("4")', 'brand == "visa"', 'brand == "visa" && bin.startsWith("4")'], '`r1`'],
  ])('because those before take all: %j', (conditions, takers) => {
    const found = only(rules(...conditions));
    expect(found.path).toBe(`rules.${conditions.length - 1}.when`);
    expect(found.message).toContain(`is never reached: all that it wants is taken before, by ${takers}`);
  });

  it.each([
    [['buyer_country == "US"', 'buyer_country != "US"', 'true']],
    [['buyer_country == "US"', '!(buyer_country == "US")', 'recurring']],
    [['bin.startsWith("4")', 'bin.startsWith("45")']],
    [['amount > 100 && brand == "visa"', 'amount > 50']],
    [['metadata["a"] == "x"', 'metadata["b"] == "x"', 'true']],
    [['amount >= minor(10, currency)', 'amount >= 10']],
    [['amount < minor(9.999, currency)', 'amount < minor(9.998, currency)']],
    [['risk_score >= 0', 'amount > 5']],
  ])('and one that can is not: %j', (conditions) => {
    expect(problems(rules(...conditions))).toEqual([]);
  });

  it('also among eliminations and requirements', () => {
    expect(only('requirements: [{ name: a, when: risk_score < 0, require: review }]').message).toContain(
      'never match',
    );
    expect(only('eliminate: [{ name: a, when: "false", accounts: [adyen] }]').message).toContain(
      'never match',
    );
  });
});

describe('a currency that nobody can take is refused', () => {
  const european = catalogueWith({ pa_adyen: { currencies: { only: ['EUR', 'GBP'] } } });
  const toAdyen = (when: string) => `rules:\n  - { name: a, when: '${when}', choose: { order: [adyen] } }\n`;

  it('where the policy says that it accepts it', () => {
    const text = `currencies: [EUR, USD]\n${toAdyen('buyer_country == "DE"')}otherwise: { choose: { order: [stripe] } }`;
    expect(only(text, european)).toMatchObject({
      path: 'rules.0.choose',
      message: 'none of its accounts can take USD',
    });
  });

  it('where the rule names it', () => {
    expect(only(toAdyen('currency in ["EUR", "CHF"]'), european).message).toContain('CHF');
  });

  it('not where such payments go elsewhere before, or may', () => {
    const before = `currencies: [EUR, USD]\nrules:\n  - { name: dollars, when: 'currency == "USD"', choose: { order: [stripe] } }\n`;
    expect(problems(`${before}otherwise: { choose: { order: [adyen] } }`, european)).toEqual([]);
    expect(problems(toAdyen('buyer_country == "DE"'), european)).toEqual([]);
    expect(
      problems('currencies: [USD]\notherwise: { choose: { order: [adyen, stripe] } }', european),
    ).toEqual([]);
  });

  it('in `otherwise` too', () => {
    const found = only('currencies: [EUR, USD]\notherwise: { choose: { order: [adyen] } }', european);
    expect(found.path).toBe('otherwise.choose');
  });

  it('in an `otherwise` that is the platform’s, where the policy says what it accepts', () => {
    const all = catalogueWith(
      Object.fromEntries(ACCOUNTS.map(({ id }) => [id, { currencies: { only: ['EUR'] } }])),
    );
    const found = only('currencies: [EUR, USD]', all);
    expect(found).toMatchObject({ path: 'currencies', at: '1:13' });
    expect(found.message).toContain('platform’s `otherwise` can take USD');
    const dollars = `rules:\n  - { name: no euros, when: 'currency != "EUR"', choose: { order: [stripe] } }\n`;
    expect(problems(`currencies: [EUR, USD]\n${dollars}`, european)).toEqual([]);
    expect(problems(rules('recurring'), all)).toEqual([]);
    const platform = { ...PLATFORM_DEFAULT, otherwise: { choose: { order: ['braintree'] } } };
    const world = { platform, catalogue: all };
    const nobodys = `${HEAD}currencies: [EUR]`;
    expect(checkPolicy(nobodys, { ...world, accounts: ACCOUNTS }).ok).toBe(false);
    expect(checkPolicy(nobodys, { ...world, accounts: [] }).ok).toBe(true);
  });
});

describe('the search for unreachable rules', () => {
  const atom = fc.oneof(
    fc
      .tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!='), fc.integer({ min: 0, max: 4 }))
      .map(([op, n]) => `amount ${op} ${n}`),
    fc
      .subarray(['credit', 'debit', 'prepaid'], { minLength: 1 })
      .map((few) => `funding in [${few.map((each) => `"${each}"`)}]`),
    fc.constantFrom(
      'funding == "debit"',
      'funding != "debit"',
      'known.funding',
      'recurring',
      'true',
      'false',
    ),
  );
  const condition = fc.letrec<{ it: string }>((tie) => ({
    it: fc.oneof(
      { maxDepth: 3 },
      atom,
      tie('it').map((inner) => `!(${inner})`),
      fc.tuple(tie('it'), fc.constantFrom('&&', '||'), tie('it')).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    ),
  })).it;
  const payments = [0, 1, 2, 3, 4, 5].flatMap((amountMinor) =>
    ([undefined, 'credit', 'debit', 'prepaid'] as const).flatMap((funding) =>
      [true, false].map((recurring) =>
        contextOf(
          { ...FACTS, amountMinor, recurring, ...(funding === undefined ? {} : { funding }) },
          clockFor('UTC'),
        ),
      ),
    ),
  );

  it('agrees with trying every payment there is', () => {
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 5 }), (conditions) => {
        const compiled = conditions.flatMap((text) => {
          const answer = compileCondition(text);
          return answer.ok ? [answer.condition] : [];
        });
        fc.pre(compiled.length === conditions.length);
        const { rules: found } = reachOf(compiled.map(({ tree }) => tree));
        const deciding = new Set(payments.map((each) => compiled.findIndex(({ holds }) => holds(each))));
        expect(found.map(({ reached }) => reached.length > 0)).toEqual(
          compiled.map((_, at) => deciding.has(at)),
        );
      }),
      { numRuns: 400 },
    );
  });
});

describe('a text that is dear to judge', () => {
  const many = (count: number, of: (at: number) => string, by: string) =>
    Array.from({ length: count }, (_, at) => of(at)).join(by);
  const cross = (at: number) =>
    `(${many(8, (k) => `amount==${at * 8 + k}`, '||')})&&(${many(8, (k) => `metadata.a=="${at}x${k}"`, '||')})`;

  it('is judged in bounded time and steps, however many alternatives its rules have', () => {
    const conditions = Array.from({ length: 160 }, (_, at) => cross(at).replaceAll('x', '-'));
    const before = process.cpuUsage();
    expect(problems(rules(...conditions))).toEqual([]);
    const { user, system } = process.cpuUsage(before);
    // A few tenths of a second; without a bound on its looks it takes some seven.
    expect((user + system) / 1_000).toBeLessThan(2_500);
    const steps = new Steps(10_000);
    reachOf(
      conditions.flatMap((text) => {
        const answer = compileCondition(text);
        return answer.ok ? [answer.condition.tree] : [];
      }),
      steps,
    );
    expect(steps.left).toBeGreaterThanOrEqual(0);
  });

  it('as lists of hundreds of numbers is no trouble', () => {
    const list = (from: number) => `amount in [${many(290, (at) => String(from + 2 * at), ', ')}]`;
    expect(problems(rules(list(0), list(1)))).toEqual([]);
    expect(only(rules(list(0), list(0))).message).toContain('is never reached');
  });

  it('is refused for its arithmetic in all, also as a draft', () => {
    const text = HEAD + rules(...Array.from({ length: 20 }, (_, at) => many(10, () => `${at}/0==1`, '||')));
    const checked = checkPolicy(text, {});
    const message = 'all conditions together have more than 100 arithmetic operations';
    expect(checked).toMatchObject({ ok: false, problems: [{ path: 'rules.10.when', message }] });
    const parsed = parsePolicy(text);
    expect(parsed.ok ? boundsProblems(parsed.document) : []).toMatchObject([{ message }]);
  });
});
