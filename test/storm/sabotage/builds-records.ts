import type { Sabotage } from './sabotage.ts';
import {
  DUPLICATES,
  FAIR_DAY,
  FIFTY_REFUNDS,
  FORGERIES,
  KILLED_AFTER_COMMIT,
  OLD_GENERATION_RESET,
  OTHER_BODY,
  RESET_WITH_OTHER_HEALTH,
} from './schedules.ts';

/** Builds that write what they may not, or let in what they may not. */
export const WRITING: readonly Sabotage[] = [
  {
    name: 'plan-recomputed',
    what: 'a plan that is executed again answers the route that it would choose now',
    patches: [
      {
        file: 'db/plan.ts',
        find: 'return (await readBack(db, payment.id, request)) ?? storeDuplicate(db, transition, request, explanation);',
        replace: 'return { payment, created: false, bodyDigest: request.bodyDigest };',
      },
    ],
    schedule: RESET_WITH_OTHER_HEALTH,
    expect: ['I1', 'I4'],
  },
  {
    name: 'generation-ignored',
    what: 'a workflow of an older generation goes on beside the newer one',
    patches: [
      {
        file: 'workflows/operations/process.ts',
        find: 'this.superseded = state.generation !== this.generation;',
        replace: 'this.superseded = false;',
      },
      {
        file: 'workflows/operations/process.ts',
        find: 'if (state.generation !== this.generation) this.superseded = true;\n    else this.onChange();',
        replace: 'this.onChange();',
      },
      {
        file: 'db/permits.ts',
        find: `AND generation = \${claim.generation}::int AND (send_by`,
        replace: 'AND (send_by',
      },
      {
        file: 'db/record.ts',
        find: ` AND p.generation = \${generation}::int`,
        replace: '',
      },
    ],
    schedule: OLD_GENERATION_RESET,
    expect: ['I6'],
  },
  {
    name: 'record-not-idempotent',
    what: 'a step that is recorded again is written again',
    patches: [
      { file: 'db/record.ts', find: `AND p.sequence = \${sequence - 1}::int `, replace: '' },
      {
        file: 'db/rows.ts',
        find: `id: \`ltx_\${ownerId.slice(ownerId.indexOf('_') + 1)}_\${sequence}_\${index}\`,`,
        replace: `id: \`ltx_\${ownerId.slice(ownerId.indexOf('_') + 1)}_\${sequence}_\${index}_\${process.hrtime.bigint()}\`,`,
      },
    ],
    sql: [
      'ALTER TABLE audit DROP CONSTRAINT audit_pkey',
      'ALTER TABLE outbox DROP CONSTRAINT outbox_pkey CASCADE',
      'DROP INDEX outbox_owner_id_sequence_type_key',
    ],
    schedule: KILLED_AFTER_COMMIT,
    expect: ['I3', 'I5', 'I7'],
  },
  {
    name: 'posting-unbalanced',
    what: 'one side of every posting is a cent short',
    patches: [
      {
        file: 'domain/ledger/postings.ts',
        find: '{ account: credit, amountMinor: -amountMinor },',
        replace: '{ account: credit, amountMinor: 1 - amountMinor },',
      },
    ],
    sql: ['DROP TRIGGER ledger_posting_balanced ON ledger_posting'],
    schedule: FAIR_DAY,
    expect: ['I5'],
  },
  {
    name: 'audit-digest-wrong',
    what: "an audit row's digest is of something else than its content",
    patches: [
      { file: 'db/rows.ts', find: 'digest: sha256(text)', replace: 'digest: sha256(text.toUpperCase())' },
    ],
    schedule: FAIR_DAY,
    expect: ['I7'],
  },
  {
    name: 'cvc-kept',
    what: 'the verification code stays in the vault after its authorization',
    patches: [
      {
        file: 'db/record.ts',
        find: `WHERE \${transition.authorizationResolved}::boolean AND payment_method.id`,
        replace: 'WHERE false AND payment_method.id',
      },
    ],
    schedule: FAIR_DAY,
    expect: ['S1'],
  },
  {
    name: 'inbox-not-unique',
    what: 'a webhook that comes again is stored again',
    patches: [
      {
        file: 'db/inbox/index.ts',
        find: 'ON CONFLICT (account_id, provider_event_id) DO NOTHING',
        replace: '',
      },
    ],
    sql: ['DROP INDEX inbox_account_id_provider_event_id_key'],
    schedule: DUPLICATES,
    expect: ['S3'],
  },
  {
    name: 'signature-skipped',
    what: "nobody looks whether a webhook's signature is right",
    patches: [
      {
        file: 'providers/stripe/webhook.ts',
        find: "if (!keys.some((key) => signedWith(key, timestamp, input.rawBody, signatures)))\n      return refused('bad_signature');",
        replace: '',
      },
      {
        file: 'providers/adyen/webhook.ts',
        find: "if (!verified) return { type: 'refused', reason: 'bad_signature' };",
        replace: '',
      },
    ],
    schedule: FORGERIES,
    expect: ['S2', 'I3'],
  },
  {
    name: 'body-not-compared',
    what: 'a key that was used with another body is answered as if it were the same',
    patches: [
      {
        file: 'api/idempotency.ts',
        find: "if (stored.bodyDigest !== bodyDigest) throw problem('idempotency_key_reused');",
        replace: '',
      },
    ],
    schedule: OTHER_BODY,
    expect: ['I8'],
  },
  {
    name: 'refund-bound-removed',
    what: 'refunds are not held against what was captured',
    patches: [
      {
        file: 'domain/refund/commands.ts',
        find: 'if (amountMinor <= refundable) return undefined;',
        replace: 'if (amountMinor <= balance.capturedMinor) return undefined;',
      },
    ],
    sql: ['ALTER TABLE payment_balance DROP CONSTRAINT payment_balance_bound'],
    schedule: FIFTY_REFUNDS,
    expect: ['I5'],
  },
];
