/**
 * db/requests/: the promise that a merchant's key gets one answer, kept past Temporal's retention.
 * What lives here: look-ups of request rows, and the one write the API makes by itself, a payment method
 * together with its request. What may not: the rows of payment requests are written by the workflow's
 * plan and record, in the transaction of what they answer; nothing here touches those.
 */
export {
  createPaymentMethodWriter,
  type NewPaymentMethod,
  type PaymentMethodWriter,
} from './payment-methods.ts';
export { createRequestReader, type RequestReader, type StoredRequest } from './requests.ts';
