/** The settlement files that can be read, by the name of who writes them. */
import { adyenSettlement } from '../adyen/settlement.ts';
import { stripeSettlement } from '../stripe/settlement.ts';
import { BANK_FORMATS } from './bank/parse.ts';
import type { SettlementLayout } from './layout.ts';
import { checkoutSettlement } from './layouts/checkout.ts';
import { paypalSettlement } from './layouts/paypal.ts';

const layouts: readonly SettlementLayout[] = [
  stripeSettlement,
  adyenSettlement,
  paypalSettlement,
  checkoutSettlement,
];

const byProvider: ReadonlyMap<string, SettlementLayout> = new Map(
  layouts.map((layout) => [layout.provider, layout]),
);

/** Undefined for a provider whose files nobody has described; a mapping can (mapping.ts). */
export function layoutNamed(provider: string): SettlementLayout | undefined {
  return byProvider.get(provider);
}

/** Providers first, then the banks' formats. */
export function settlementNames(): readonly string[] {
  return [...byProvider.keys(), ...BANK_FORMATS];
}
