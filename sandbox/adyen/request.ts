// Reading a request as Adyen does: its checks, in its order, with its error codes.
import { digits, pspReference } from '../ids.ts';
import { brandOf, parseTestFault, passesLuhn, testDirective } from '../test-values.ts';
import { isCurrency, toMinor } from './currencies.ts';
import { invalid, unreadable } from './errors.ts';
import { type Amount, type CardOnFile, type PaymentRow, pspBrand } from './objects.ts';
import { outcomeOf } from './outcomes.ts';
import { planThreeDs } from './three-d-secure.ts';

export type Json = Record<string, unknown>;

const PAYMENT_FIELDS = new Set(
  `accountInfo additionalAmount additionalData amount applicationInfo authenticationData bankAccount
  billingAddress browserInfo captureDelayHours channel checkoutAttemptId company countryCode
  dateOfBirth dccQuote deliverAt deliveryAddress deliveryDate deviceFingerprint enableOneClick
  enablePayOut enableRecurring enhancedSchemeData entityType fraudOffset fundOrigin fundRecipient
  industryUsage installments lineItems localizedShopperStatement mandate mcc merchantAccount
  merchantOrderReference merchantRiskIndicator metadata mpiData order orderReference origin
  paymentMethod paymentValidations platformChargebackLogic recurringExpiry recurringFrequency
  recurringProcessingModel redirectFromIssuerMethod redirectToIssuerMethod reference returnUrl
  riskData sessionValidity shopperConversionId shopperEmail shopperIP shopperInteraction shopperLocale
  shopperName shopperReference shopperStatement shopperTaxInfo socialSecurityNumber splits store
  storePaymentMethod subMerchants surcharge telephoneNumber threeDS2RequestData
  threeDSAuthenticationOnly trustedShopper`.split(/\s+/),
);

export function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function string(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function checkFields(type: string, body: Json, allowed: ReadonlySet<string>): void {
  const unknown = Object.keys(body).filter((name) => !allowed.has(name));
  if (unknown.length === 0) return;
  throw unreadable(`Structure of ${type} contains the following unknown fields: [${unknown.join(', ')}]`);
}

export function checkAmount(body: Json): Amount {
  const amount = object(body.amount);
  if (amount === undefined) throw invalid('100', "Required object 'amount' is not provided.");
  const { value, currency } = amount;
  if (typeof value !== 'number')
    throw unreadable("Unable to parse field 'amount.value': a number was expected");
  if (typeof currency !== 'string' || !isCurrency(currency)) {
    throw invalid('138', 'Unsupported currency specified');
  }
  const whole = Number.isSafeInteger(value) && toMinor(value, currency) !== undefined;
  if (!whole || value <= 0) throw invalid('137', 'Invalid amount specified');
  return { value, currency };
}

/** Raw card data, or the `test_` form of encrypted fields that Adyen's test platform takes. */
function cardField(method: Json, plain: string, encrypted: string): string | undefined {
  return string(method[plain]) ?? string(method[encrypted])?.replace(/^test_/, '');
}

function readCard(body: Json): { card: CardOnFile; number: string; expired: boolean } {
  const method = object(body.paymentMethod);
  if (method === undefined) throw invalid('14_004', 'Missing payment method details');
  if (method.type !== undefined && method.type !== 'scheme') {
    throw invalid('14_006', `Unsupported payment method type: ${String(method.type)}`);
  }
  const number = cardField(method, 'number', 'encryptedCardNumber')?.replaceAll(' ', '');
  if (number === undefined || !passesLuhn(number)) throw invalid('101', 'Invalid card number');
  const month = Number(cardField(method, 'expiryMonth', 'encryptedExpiryMonth') ?? Number.NaN);
  const year = Number(cardField(method, 'expiryYear', 'encryptedExpiryYear') ?? Number.NaN);
  if (!Number.isInteger(month) || month < 1 || month > 12) {
    throw invalid('140', 'Expiry month should be between 1 and 12 inclusive');
  }
  if (!Number.isInteger(year) || year < 2000 || year > 9999) {
    throw invalid('141', 'Expiry year should be a 4 digit number greater than 2000');
  }
  const brand = brandOf(number);
  const cvc = cardField(method, 'cvc', 'encryptedSecurityCode');
  if (cvc !== undefined && !new RegExp(`^\\d{${brand === 'amex' ? 4 : 3}}$`).test(cvc)) {
    throw invalid('103', 'CVC is not the right length');
  }
  const now = new Date();
  const card = {
    brand: pspBrand(brand),
    bin: number.slice(0, 6),
    last4: number.slice(-4),
    expiry: `${String(month).padStart(2, '0')}/${year}`,
    holderName: string(method.holderName) ?? '',
    scheme: brand,
  };
  return { card, number, expired: year * 12 + month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1 };
}

function captureDelay(body: Json): number | null {
  if (typeof body.captureDelayHours === 'number') return body.captureDelayHours;
  return String(object(body.additionalData)?.manualCapture) === 'false' ? 0 : null;
}

export function buildPayment(body: Json, idempotencyKey: string | null): PaymentRow {
  checkFields('PaymentRequest', body, PAYMENT_FIELDS);
  const amount = checkAmount(body);
  const reference = string(body.reference);
  if (reference === undefined) throw invalid('130', "Required field 'reference' is not provided.");
  const { card, number, expired } = readCard(body);
  const returnUrl = string(body.returnUrl);
  if (returnUrl === undefined || !URL.canParse(returnUrl)) throw invalid('14_030', 'Return URL is missing.');
  const acquirerCode = object(body.additionalData)?.RequestedTestAcquirerResponseCode;
  const hints = { holderName: card.holderName, brand: card.brand, expired };
  const directives = {
    capture: 'capture_failed',
    refund: 'refund_failed',
    reversal: 'refund_reversed',
  } as const;
  const fails = (Object.keys(directives) as (keyof typeof directives)[]).find(
    (name) => testDirective(card.holderName, directives[name]) !== undefined,
  );
  return {
    pspReference: pspReference(),
    reference,
    amount,
    state: 'challenge',
    captured: 0,
    refunded: 0,
    card,
    authCode: digits(6),
    createdAt: Date.now(),
    outcome: outcomeOf({
      ...hints,
      acquirerCode: acquirerCode === undefined ? undefined : String(acquirerCode),
    }),
    threeDs: planThreeDs(body, number),
    authentication: null,
    challenge: null,
    detailsGiven: false,
    networkTxReference: digits(15),
    returnUrl,
    captureDelayHours: captureDelay(body),
    idempotencyKey,
    fails: fails ?? null,
    testFault: parseTestFault(card.holderName) ?? null,
  };
}
