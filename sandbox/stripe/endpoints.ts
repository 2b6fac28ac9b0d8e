// Stripe's endpoints as data: what a method and path run, and which operation that is to faults and journal.
import type { Transaction } from '../kernel.ts';
import type { Answer, Operation } from '../provider.ts';
import * as reports from '../settlement/stripe-reports.ts';
import { ok, type StripeContext } from './authorize.ts';
import { readCard } from './cards.ts';
import type { Form } from './form.ts';
import { cancelIntent, captureIntent, confirmIntent, createIntent, expanded, findIntent } from './intents.ts';
import { newPaymentMethod, paymentMethods } from './objects.ts';
import * as queries from './queries.ts';
import { createRefund, retrieveRefund } from './refunds.ts';

export interface Endpoint {
  method: 'GET' | 'POST';
  path: RegExp;
  operation: Operation;
  run(ctx: StripeContext, tx: Transaction, form: Form, id: string): Answer;
}

export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: /^\/v1\/payment_intents$/,
    operation: 'authorize',
    run: (ctx, tx, form) => createIntent(ctx, tx, form),
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_intents\/([^/]+)\/confirm$/,
    operation: 'authorize',
    run: (ctx, tx, form, id) => confirmIntent(ctx, tx, id, form),
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_intents\/([^/]+)\/capture$/,
    operation: 'capture',
    run: (_ctx, tx, form, id) => captureIntent(tx, id, form),
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_intents\/([^/]+)\/cancel$/,
    operation: 'void',
    run: (_ctx, tx, form, id) => cancelIntent(tx, id, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_intents\/search$/,
    operation: 'lookup',
    run: (ctx, tx, form) => queries.searchIntents(ctx.kernel, tx, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_intents$/,
    operation: 'lookup',
    run: (ctx, tx, form) => queries.listIntents(ctx.kernel, tx, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_intents\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, form, id) => ok(expanded(tx, findIntent(tx, id).intent, form)),
  },
  {
    method: 'POST',
    path: /^\/v1\/refunds$/,
    operation: 'refund',
    run: (ctx, tx, form) => createRefund(ctx, tx, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/refunds$/,
    operation: 'lookup',
    run: (ctx, _tx, form) => queries.listRefunds(ctx.kernel, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/refunds\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, form, id) => retrieveRefund(tx, id, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/charges\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, _form, id) => queries.retrieveCharge(tx, id),
  },
  {
    method: 'GET',
    path: /^\/v1\/disputes\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, _form, id) => queries.retrieveDispute(tx, id),
  },
  {
    method: 'GET',
    path: /^\/v1\/events$/,
    operation: 'lookup',
    run: (ctx, _tx, form) => queries.listEvents(ctx.kernel, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/events\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, _form, id) => queries.retrieveEvent(tx, id),
  },
  {
    method: 'POST',
    path: /^\/v1\/reporting\/report_runs$/,
    operation: 'other',
    run: (ctx, tx, form) => reports.createRun(ctx, tx, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/reporting\/report_runs\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, _form, id) => reports.retrieveRun(tx, id),
  },
  {
    method: 'GET',
    path: /^\/v1\/reporting\/report_types\/([^/]+)$/,
    operation: 'lookup',
    run: (ctx, _tx, _form, id) => reports.reportType(ctx, id),
  },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)\/contents$/,
    operation: 'lookup',
    run: (ctx, tx, _form, id) => reports.fileContents(ctx, tx, id),
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_methods$/,
    operation: 'other',
    run: (_ctx, tx, form) => createPaymentMethod(tx, form),
  },
  {
    method: 'GET',
    path: /^\/v1\/payment_methods\/([^/]+)$/,
    operation: 'lookup',
    run: (_ctx, tx, _form, id) => queries.retrievePaymentMethod(tx, id),
  },
];

function createPaymentMethod(tx: Transaction, form: Form): Answer {
  const row = newPaymentMethod(readCard(form, 'payment_method'));
  tx.put(paymentMethods, String(row.method.id), row);
  return ok(row.method);
}
