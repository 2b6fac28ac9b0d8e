import type { PaymentFailure } from '../domain/payment/payment.ts';

/**
 * Every way in which a request can fail, as exhaustive tables: a new code does not compile until its HTTP
 * status, type and message are decided. Nothing a caller sent is ever quoted back except the name of a
 * parameter, which is checked for card numbers first.
 */
export type ProblemType =
  | 'api_error'
  | 'authentication_error'
  | 'card_error'
  | 'idempotency_error'
  | 'invalid_request_error';

interface ProblemKind {
  readonly status: number;
  readonly type: ProblemType;
  readonly message: string;
}

function invalid(status: number, message: string): ProblemKind {
  return { status, type: 'invalid_request_error', message };
}

const KINDS = {
  api_key_missing: {
    status: 401,
    type: 'authentication_error',
    message: 'Send your secret key as `Authorization: Bearer sk_...`.',
  },
  api_key_invalid: { status: 401, type: 'authentication_error', message: 'This API key is not valid.' },
  webhook_refused: {
    status: 401,
    type: 'authentication_error',
    message: 'The webhook could not be verified; nothing was stored.',
  },
  operator_key_missing: {
    status: 401,
    type: 'authentication_error',
    message: "Send an operator's own key as `Authorization: Bearer iop_...`.",
  },
  operator_key_invalid: {
    status: 401,
    type: 'authentication_error',
    message: "This operator's key is not valid.",
  },
  operator_key_required: {
    status: 403,
    type: 'authentication_error',
    message: 'A merchant key opens no operator route.',
  },
  session_missing: {
    status: 401,
    type: 'authentication_error',
    message: 'Nobody is signed in. Sign in at the console.',
  },
  session_invalid: { status: 401, type: 'authentication_error', message: 'This session is not valid.' },
  session_expired: {
    status: 401,
    type: 'authentication_error',
    message: 'The session is over. Sign in again.',
  },
  sign_in_refused: {
    status: 401,
    type: 'authentication_error',
    message: 'The e-mail address, the password or the code is not right.',
  },
  code_required: {
    status: 401,
    type: 'authentication_error',
    message: 'Send the code of your authenticator app too, as `code`.',
  },
  account_locked: {
    status: 423,
    type: 'authentication_error',
    message: 'Too many failures with this e-mail address. Try again in a quarter of an hour.',
  },
  too_many_sign_ins: {
    status: 429,
    type: 'api_error',
    message: 'Too many tries to sign in from this network. Try again after Retry-After.',
  },
  sign_ins_busy: {
    status: 503,
    type: 'api_error',
    message: 'Too many people sign in right now. Try again after Retry-After.',
  },
  csrf_token_invalid: {
    status: 403,
    type: 'authentication_error',
    message: 'Send the `csrf_token` of your session as `X-CSRF-Token`.',
  },
  origin_refused: {
    status: 403,
    type: 'authentication_error',
    message: 'This does not come from our own pages.',
  },
  forbidden: { status: 403, type: 'authentication_error', message: 'Your role may not do this.' },
  keys_only: {
    status: 403,
    type: 'authentication_error',
    message: "Only the merchant's own key may do this, not a person at the console.",
  },
  password_change_required: {
    status: 403,
    type: 'authentication_error',
    message: 'Change your password first.',
  },
  merchant_header_missing: invalid(400, 'Say whose: `Interlock-Merchant: mer_.../test` or `.../live`.'),
  merchant_header_invalid: invalid(
    400,
    'There is no such merchant, or this is not of the form `Interlock-Merchant: mer_.../test`.',
  ),
  password_unsuitable: invalid(422, 'This password will not do.'),
  password_wrong: invalid(422, 'This is not your password.'),
  code_wrong: invalid(422, 'This code is not right, or was used before.'),
  totp_not_begun: invalid(409, 'Begin with `POST /v1/console/totp`.'),
  totp_confirmed_already: invalid(409, 'An authenticator app is in use. Remove it first.'),
  email_taken: invalid(409, 'Somebody else has this e-mail address.'),
  last_admin: invalid(409, 'Nobody would be left who may change this again.'),
  account_in_use: invalid(
    409,
    'Operations of this account are under way, and would be asked about at another address. Disable it, and wait for them.',
  ),
  own_proposal_waits: invalid(
    409,
    'A proposal of yours waits for a second person under this rule. Somebody else may loosen it, or you after the proposal is answered.',
  ),
  own_account: invalid(409, 'Another administrator has to do this to your account.'),
  live_key_required: {
    status: 403,
    type: 'authentication_error',
    message: 'Settings hold for both modes. You take live payments, so only a live key may change them.',
  },
  route_missing: invalid(404, 'No such route.'),
  resource_missing: invalid(404, 'No such object.'),
  parameter_missing: invalid(400, 'A required parameter is missing.'),
  parameter_unknown: invalid(400, 'This parameter is not known here.'),
  parameter_invalid: invalid(400, 'A parameter is not valid.'),
  payment_method_unknown: invalid(400, 'No such payment method.'),
  provider_account_unknown: invalid(404, 'No such provider account.'),
  policy_invalid: invalid(422, 'The policy is not valid.'),
  nothing_to_roll_back_to: invalid(409, 'There is nothing to roll back to.'),
  was_never_active: invalid(409, 'This version was never active.'),
  active_already: invalid(409, 'This version is the active one.'),
  backtests_running: invalid(409, 'Two back-tests are running already. Wait for one of them, or cancel it.'),
  only_one_back: invalid(409, 'Only the version that was active before comes back without approval.'),
  settlement_file_refused: invalid(422, 'This is not a file of this format.'),
  customer_unknown: invalid(400, 'No such customer.'),
  customer_mismatch: invalid(400, 'This payment method belongs to another customer.'),
  mandate_required: invalid(
    400,
    'This payment method has no active mandate: its holder first pays with `setup_future_usage` and is authenticated.',
  ),
  return_url_not_registered: invalid(
    400,
    'The origin of this `return_url` is not registered. Add it to `return_origins` by `POST /v1/settings`.',
  ),
  json_invalid: invalid(400, 'The body is not a JSON object in UTF-8.'),
  json_too_deep: invalid(400, 'The JSON body is nested too deeply.'),
  request_invalid: invalid(400, 'The request could not be read.'),
  webhook_malformed: invalid(400, 'The webhook is not in the form that this provider sends.'),
  request_timeout: invalid(408, 'The body took too long to come. Nothing was done.'),
  body_too_large: invalid(413, 'The body is too large.'),
  media_type_unsupported: invalid(415, 'Send the body as `application/json`, unencoded.'),
  card_number_in_text: invalid(
    422,
    'This field looks like it holds a card number. Card numbers belong in `card.number` of a payment method only.',
  ),
  duplicate_reference: invalid(409, 'A payment with this `reference` is open or has succeeded.'),
  too_many_streams: invalid(429, 'This key holds as many streams open as it may. Close one, or share one.'),
  too_many_reads: {
    status: 429,
    type: 'api_error',
    message:
      'You are reading as much at once as one person may. Ask again when some of it has been answered.',
  },
  // Asked again it takes as long again, so no status that clients try again after.
  read_too_long: invalid(422, 'This took too long, and was ended. Narrow the filter, e.g. to fewer days.'),
  rate_limited: { status: 429, type: 'api_error', message: 'Too many requests. Nothing was done.' },
  too_many_endpoints: invalid(409, 'There are as many webhook endpoints as there may be. Delete one first.'),
  webhook_target_forbidden: invalid(
    400,
    'Webhooks are not sent to this address. Use an http(s) URL on port 80, 443 or 8000 and above, without credentials, whose host is reachable from the public internet.',
  ),
  idempotency_key_missing: {
    status: 400,
    type: 'idempotency_error',
    message: 'Every POST needs an `Idempotency-Key` header.',
  },
  idempotency_key_invalid: {
    status: 400,
    type: 'idempotency_error',
    message: 'An `Idempotency-Key` has 1 to 255 printable ASCII characters.',
  },
  idempotency_key_reused: {
    status: 422,
    type: 'idempotency_error',
    message: 'This `Idempotency-Key` was used before with another body.',
  },
  outcome_unknown: {
    status: 503,
    type: 'api_error',
    message: 'The outcome is not known. Retry with the same `Idempotency-Key`: nothing happens twice.',
  },
  unavailable: {
    status: 503,
    type: 'api_error',
    message: 'This could not be looked up right now, and nothing was done. Ask again.',
  },
  internal_error: { status: 500, type: 'api_error', message: 'Something went wrong on our side.' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof KINDS;

/** The HTTP side of why a payment failed: a decline is the card's answer, the rest is a provider's. */
const FAILURES: Readonly<Record<PaymentFailure['code'], Omit<ProblemKind, 'message'>>> = {
  card_declined: { status: 402, type: 'card_error' },
  authentication_required: { status: 402, type: 'card_error' },
  authentication_abandoned: { status: 402, type: 'card_error' },
  provider_unavailable: { status: 424, type: 'api_error' },
  provider_rejected: { status: 424, type: 'api_error' },
  no_route: { status: 424, type: 'api_error' },
  capture_failed: { status: 424, type: 'api_error' },
  void_failed: { status: 424, type: 'api_error' },
};

/** What the error object may carry besides type, code and message. */
export interface ProblemDetails {
  readonly message?: string;
  readonly param?: string;
  readonly decline_code?: string;
  /** The payment as the API shows it, where there is one. */
  readonly payment?: object;
  readonly status?: string;
  readonly allowed?: readonly string[];
  /** What is needed, and which roles have it. */
  readonly permission?: string;
  readonly roles?: readonly string[];
  /** Of a document that is refused, everything that is wrong with it. */
  readonly problems?: readonly object[];
}

/** Thrown to answer a request with an error object; the edge turns it into JSON and adds the request id. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly httpStatus: number;
  readonly type: ProblemType;
  readonly code: string;
  readonly details: ProblemDetails;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: ProblemKind, code: string, details: ProblemDetails, headers: Problem['headers'] = {}) {
    super(details.message ?? kind.message);
    this.httpStatus = kind.status;
    this.type = kind.type;
    this.code = code;
    this.details = details;
    this.headers = headers;
  }

  withHeaders(headers: Problem['headers']): Problem {
    const kind = { status: this.httpStatus, type: this.type, message: this.message };
    return new Problem(kind, this.code, this.details, { ...this.headers, ...headers });
  }
}

export function problem(code: ProblemCode, details: ProblemDetails = {}): Problem {
  return new Problem(KINDS[code], code, details);
}

export function failureProblem(failure: PaymentFailure, payment: object): Problem {
  const { code, message, decline } = failure;
  return new Problem({ ...FAILURES[code], message }, code, {
    payment,
    ...(decline === undefined ? {} : { decline_code: decline.reason }),
  });
}

/** The parameter that a refusal is about, where it is about one. */
const REFUSED_PARAMS: Readonly<Record<string, string>> = {
  amount_too_large: 'amount',
  currency_mismatch: 'currency',
  multiple_captures_not_supported: 'final_capture',
  payment_method_required: 'payment_method',
  customer_mismatch: 'customer',
};

export function refusalProblem(refusal: {
  readonly code: string;
  readonly message: string;
  readonly status?: string;
  readonly allowed?: readonly string[];
}): Problem {
  const { code, message, status, allowed } = refusal;
  const param = REFUSED_PARAMS[code];
  // Who may not do it is forbidden; what may not be done now is in conflict with the state.
  const httpStatus = code === 'second_operator_required' || code === 'second_person_required' ? 403 : 409;
  return new Problem({ status: httpStatus, type: 'invalid_request_error', message }, code, {
    ...(param === undefined ? {} : { param }),
    ...(status === undefined ? {} : { status }),
    ...(allowed === undefined ? {} : { allowed }),
  });
}

export function problemBody({ type, code, message, details }: Problem, requestId: string): object {
  const { message: _said, ...rest } = details;
  return { error: { type, code, message, ...rest, request_id: requestId } };
}

export function problemCodes(): readonly ProblemCode[] {
  return Object.keys(KINDS) as ProblemCode[];
}
