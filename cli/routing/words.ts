import {
  catalogueSchema,
  comparisonSchema,
  type Decision,
  decisionSchema,
  explainedSchema,
  healthSchema,
  listSchema,
  problemsSchema,
  type Round,
  type Version,
  versionSchema,
  wholeSchema,
} from './schemas.ts';

/** The API's answers about routing, for people. */
function sayVersion(each: Version): string {
  const share = each.canary_percent === null ? '' : ` ${each.canary_percent} %`;
  return `version ${each.version}  ${each.status}${share}  ${each.name}  by ${each.author}, ${day(each.created)}`;
}

function sayProposal({ proposal, version }: Version): readonly string[] {
  if (proposal === null) return [];
  const share = proposal.canary_percent === null ? '' : ` with ${proposal.canary_percent} %`;
  const wanted = proposal.canary_percent === null ? '' : ` --percent ${proposal.canary_percent}`;
  return [
    `  ${proposal.by} proposes: ${proposal.to}${share} (${proposal.reason})`,
    `  Somebody else has to say: ./interlock routing approve ${version} --to ${proposal.to}${wanted} --reason ...`,
  ];
}

export function sayList(body: unknown): string {
  const { data, has_more: more } = listSchema.parse(body);
  if (data.length === 0) return 'No policy of your own: the platform’s decides.';
  const lines = data.flatMap((each) => [sayVersion(each), ...sayProposal(each)]);
  return [...lines, ...(more ? [`There are more: --after ${data.at(-1)?.version}`] : [])].join('\n');
}

export function sayMoved(body: unknown): string {
  const version = versionSchema.parse(body);
  const next = version.allowed.length === 0 ? [] : [`  may be told to: ${version.allowed.join(', ')}`];
  return [sayVersion(version), ...sayProposal(version), ...next].join('\n');
}

export function sayWhole(body: unknown): string {
  const whole = wholeSchema.parse(body);
  const events = whole.events.map((each) => {
    const share = each.canary_percent === null ? '' : ` ${each.canary_percent} %`;
    const proposer = each.proposed_by === null ? '' : `, proposed by ${each.proposed_by}`;
    return `  ${day(each.at)}  ${each.kind}: ${each.from ?? 'nothing'} → ${each.to}${share} by ${each.actor}${proposer}: ${each.reason}`;
  });
  const told = events.length === 0 ? [] : ['', 'What became of it:', ...events];
  return [sayVersion(whole), ...sayProposal(whole), ...told, '', whole.source.trimEnd()].join('\n');
}

/** Every problem with its line and hint; nothing where the answer has none. */
export function sayProblems(body: unknown): string {
  const parsed = problemsSchema.safeParse(body);
  if (!parsed.success) return '';
  return parsed.data.problems
    .map(({ line, column, path, message, hint }) =>
      [`line ${line}, column ${column}${path === '' ? '' : ` (${path})`}: ${message}`, `  ${hint}`].join(
        '\n',
      ),
    )
    .join('\n');
}

export function saySimulated(body: unknown): string {
  return sayDecision(decisionSchema.parse(body)).join('\n');
}

export function sayExplained(body: unknown): { readonly words: string; readonly reproduced: boolean } {
  const { payment, rounds } = explainedSchema.parse(body);
  const said = rounds.map((round) => {
    const head = round.attempt === null ? payment : `routed anew for ${round.attempt}`;
    return [head, ...sayRound(round)].join('\n');
  });
  return {
    words: said.join('\n'),
    // What can only be read is nobody's fault.
    reproduced: rounds.every(({ reproduced, decision }) => reproduced === true || decision === null),
  };
}

function sayRound({ reproduced, decision, again, stored }: Round): readonly string[] {
  if (decision === null)
    return ['decided before all inputs were kept, so it can only be read', JSON.stringify(stored, null, 2)];
  const lines = sayDecision(decision);
  if (reproduced === null)
    return [...lines, '? what it was decided with is not kept; it was not evaluated again'];
  if (again === null)
    return [...lines, '✓ evaluated again from the stored inputs: the same, to the last number'];
  const other = '✗ evaluated again from the stored inputs, the answer is another one:';
  return [...lines, other, ...sayDecision(again)];
}

export function sayDecision(decision: Decision): readonly string[] {
  const { order, requirements, retries, exploration } = decision;
  const who =
    decision.policy_version === 0
      ? 'a policy without a version of yours'
      : `version ${decision.policy_version}`;
  const later = retries.later_ms.map((ms) => `${ms / 3_600_000} h`).join(', ');
  return [
    `  ${order.length === 0 ? 'nobody can take it' : order.join(', then ')}`,
    `  because ${decision.because}`,
    `  decided by ${who}, rule "${decision.chosen_rule}" (${decision.strategy})`,
    ...decision.rules.map(
      ({ name, matched, when, error }) =>
        `    ${matched ? '✓' : '·'} ${name}: ${when}${error === null ? '' : ` (${error}: no match)`}`,
    ),
    ...decision.requirement_rules
      .filter(({ matched }) => matched)
      .map(({ name, require }) => `    ✓ ${name}: requires ${require}`),
    ...(requirements.length === 0 ? [] : [`  requires ${requirements.join(', ')}`]),
    `  at most ${retries.max_attempts} sends; another provider after ${retries.fail_over_after.join(', ') || 'nothing'}${later === '' ? '' : `; once more after ${later}`}`,
    ...(exploration === null
      ? []
      : [
          `  to learn, it goes before ${exploration.instead} (at most ${points(exploration.margin_ppm)} points worse)`,
        ]),
    ...decision.candidates
      .toSorted((a, b) => (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY))
      .map(sayCandidate),
  ];
}

function sayCandidate(each: Decision['candidates'][number]): string {
  const { success } = each;
  const parts = [
    `${each.rank === null ? '-' : `${each.rank}.`} ${each.account} (${each.provider})  ${each.verdict}`,
    `success ${percent(success.rate_ppm)} of ${success.samples} (${success.cell})`,
    ...(each.weight_ppm === 1_000_000 ? [] : [`weight ${percent(each.weight_ppm)}`]),
    ...(each.circuit === 'closed' ? [] : [`circuit ${each.circuit}`]),
    ...(each.fee === null ? [] : [`fee ${each.fee}`]),
    ...(each.expected_value === null ? [] : [`expected value ${each.expected_value}`]),
    ...(each.because === null ? [] : [each.because]),
  ];
  return `    ${parts.join('  ')}`;
}

const MAX_SAMPLES_SAID = 5;

export function sayComparison(body: unknown): string {
  const { version, data } = comparisonSchema.parse(body);
  if (data.length === 0) return `Version ${version} was not compared with another yet.`;
  return data
    .flatMap((each) => [
      `${each.compared} beside ${each.decided_by}, which decided: ${each.evaluated} evaluated, ${each.differed} differed`,
      `  ${each.first_differed} would have gone elsewhere first, ${each.order_differed} in another order after it, ${each.requirements_differed} with other requirements`,
      ...each.samples
        .slice(0, MAX_SAMPLES_SAID)
        .map(
          ({ payment, decided, would_have: other }) =>
            `  ${payment}  ${decided.order.join(', ')}  instead of  ${other.order.join(', ')}`,
        ),
    ])
    .join('\n');
}

export function sayHealth(body: unknown): string {
  const { accounts } = healthSchema.parse(body);
  if (accounts.length === 0) return 'No account.';
  return accounts
    .flatMap((each) => [
      `${each.account} (${each.provider})${each.enabled ? '' : '  DISABLED'}  circuit ${each.circuit}${each.consecutive_failures === 0 ? '' : `, ${each.consecutive_failures} failures in a row`}`,
      `  weight ${percent(each.weight_ppm)}, unanswered ${percent(each.unknown_ppm)}, p95 ${each.latency_p95_ms === null ? 'unknown' : `${each.latency_p95_ms} ms`}; ${each.window.approved} of ${each.window.attempts} approved`,
      ...each.cells.map(
        (cell) =>
          `    ${cell.brand ?? 'any brand'}  ${cell.issuer_country ?? 'any country'}  ${cell.currency}  ${cell.approved} of ${cell.attempts}: ${percent(cell.success_ppm)} (${cell.rests_on})`,
      ),
    ])
    .join('\n');
}

export function sayCatalogue(body: unknown): string {
  const { id, accounts } = catalogueSchema.parse(body);
  const lines = Object.entries(accounts).flatMap(([account, entry]) => [
    `${account}  connector ${entry.connector.active}  (${entry.source})`,
    `  currencies ${scope(entry.currencies)}; buyers in ${scope(entry.countries.buyer)}; issuers in ${scope(entry.countries.issuer)}`,
  ]);
  return [id, ...lines, 'Tickets, limits, fees and licences: --json'].join('\n');
}

function scope({ only, except }: { only?: string[] | undefined; except?: string[] | undefined }): string {
  if (only !== undefined) return only.join(' ');
  return except === undefined || except.length === 0 ? 'all' : `all but ${except.join(' ')}`;
}

function percent(ppm: number): string {
  return `${(ppm / 10_000).toFixed(1)} %`;
}

function points(ppm: number): string {
  return (ppm / 10_000).toFixed(2);
}

function day(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
