// How payments and actions look in answers: the short form of POST /payments, the long one of GET.
import { summaryOf } from './cards.ts';
import { type ActionRow, isApproved, type PaymentRow, statusOf } from './objects.ts';
import type { Json } from './request.ts';
import { shownThreeDs } from './three-d-secure.ts';

export interface Viewer {
  /** Every action that there is. */
  actionRows(): readonly ActionRow[];
  publicUrl(): string;
}

/** Only actions that were carried out are shown, the latest first. */
export function actionsOf(viewer: Viewer, payment: string): ActionRow[] {
  return viewer
    .actionRows()
    .filter((row) => row.payment === payment && row.processedAt !== null)
    .sort((a, b) => Number(b.processedAt) - Number(a.processedAt));
}

function links(viewer: Viewer, row: PaymentRow, redirectTo: string | undefined): Json {
  const self = `${viewer.publicUrl()}/payments/${row.id}`;
  const open = row.state === 'authorized' && !row.finallyCaptured;
  return {
    self: { href: self },
    actions: { href: `${self}/actions` },
    ...(redirectTo === undefined ? {} : { redirect: { href: redirectTo } }),
    ...(open ? { capture: { href: `${self}/captures` } } : {}),
    ...(open && row.captured === 0 ? { void: { href: `${self}/voids` } } : {}),
    ...(row.captured > row.refunded ? { refund: { href: `${self}/refunds` } } : {}),
  };
}

function source({ card }: PaymentRow): Json {
  return {
    id: card.id,
    type: 'card',
    expiry_month: card.expiryMonth,
    expiry_year: card.expiryYear,
    scheme: card.scheme === 'visa' ? 'Visa' : card.scheme === 'mastercard' ? 'Mastercard' : card.scheme,
    last4: card.last4,
    bin: card.bin,
    card_type: 'CREDIT',
    avs_check: 'G',
    cvv_check: 'Y',
  };
}

function common(row: PaymentRow): Json {
  const { authentication, expiresAt } = row;
  const threeDs = shownThreeDs(row);
  return {
    id: row.id,
    status: statusOf(row),
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(threeDs === undefined ? {} : { '3ds': threeDs }),
    ...(authentication === null ? {} : { eci: authentication.eci }),
    ...(expiresAt === null ? {} : { expires_on: new Date(expiresAt).toISOString() }),
  };
}

function processing(row: PaymentRow): Json {
  const advice = { '30041': '03', '30043': '03', '20051': '24', '20054': '01' }[row.responseCode];
  return {
    retrieval_reference_number: row.schemeId.slice(0, 12),
    acquirer_transaction_id: row.schemeId,
    ...(row.card.scheme === 'mastercard' && advice !== undefined
      ? { partner_merchant_advice_code: advice }
      : {}),
  };
}

/** What was decided when the payment was requested: 201, or 202 where a browser must go somewhere first. */
export function requested(viewer: Viewer, row: PaymentRow, redirectTo: string | undefined): Json {
  const shared = { ...common(row), _links: links(viewer, row, redirectTo) };
  if (row.state === 'pending') return shared;
  const approved = row.state === 'authorized';
  return {
    ...shared,
    action_id: authorizationOf(viewer, row)?.id,
    amount: row.amount,
    currency: row.currency,
    approved,
    ...(approved ? { auth_code: row.authCode, scheme_id: row.schemeId } : {}),
    response_code: row.responseCode,
    response_summary: summaryOf(row.responseCode),
    risk: { flagged: row.responseCode.startsWith('40') },
    source: source(row),
    processed_on: new Date(row.requestedAt).toISOString(),
    processing: processing(row),
  };
}

function authorizationOf(viewer: Viewer, { id }: PaymentRow): ActionRow | undefined {
  return actionsOf(viewer, id).find(({ type }) => type === 'Authorization');
}

export function balancesOf({ amount, captured, refunded, state, finallyCaptured }: PaymentRow): Json {
  const authorized = state === 'pending' || state === 'declined' || state === 'canceled' ? 0 : amount;
  const open = state === 'authorized' && !finallyCaptured ? authorized - captured : 0;
  return {
    total_authorized: authorized,
    total_voided: state === 'voided' ? authorized - captured : 0,
    available_to_void: captured > 0 ? 0 : open,
    total_captured: captured,
    available_to_capture: open,
    total_refunded: refunded,
    available_to_refund: captured - refunded,
  };
}

/** GET /payments/{id}, and each item of a list. */
export function details(viewer: Viewer, row: PaymentRow, redirectTo: string | undefined): Json {
  return {
    ...common(row),
    requested_on: new Date(row.requestedAt).toISOString(),
    source: source(row),
    amount: row.amount,
    currency: row.currency,
    payment_type: row.paymentType,
    ...(row.description === null ? {} : { description: row.description }),
    approved: row.state !== 'pending' && row.state !== 'declined' && row.state !== 'canceled',
    risk: { flagged: row.responseCode.startsWith('40') && row.state === 'declined' },
    balances: balancesOf(row),
    metadata: row.metadata,
    ...(row.state === 'pending' || row.state === 'declined' ? {} : { scheme_id: row.schemeId }),
    processing: processing(row),
    actions: actionsOf(viewer, row.id).map(({ id, type, responseCode }) => ({
      id,
      type,
      response_code: responseCode,
      response_summary: summaryOf(String(responseCode)),
    })),
    _links: links(viewer, row, redirectTo),
  };
}

/** An item of GET /payments/{id}/actions. */
export function actionView({ id, type, processedAt, amount, responseCode, reference }: ActionRow): Json {
  return {
    id,
    type,
    processed_on: new Date(processedAt ?? 0).toISOString(),
    amount,
    approved: isApproved(responseCode),
    response_code: responseCode,
    response_summary: summaryOf(String(responseCode)),
    ...(reference === null ? {} : { reference }),
  };
}
