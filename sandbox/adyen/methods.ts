// POST /paymentMethods: what the merchant account takes. Cards, the same for every amount and country.
import type { Answer } from '../provider.ts';
import { checkFields, type Json } from './request.ts';

const FIELDS = new Set(
  `additionalData allowedPaymentMethods amount blockedPaymentMethods browserInfo channel countryCode merchantAccount
  order shopperConversionId shopperEmail shopperIP shopperLocale shopperReference splitCardFundingSources store
  storeFiltrationMode telephoneNumber`.split(/\s+/),
);

const CARDS = { type: 'scheme', name: 'Cards', brands: ['visa', 'mc', 'amex'] };

export function listPaymentMethods(body: Json): Answer {
  checkFields('PaymentMethodsRequest', body, FIELDS);
  return { status: 200, body: { paymentMethods: [CARDS] }, store: false };
}
