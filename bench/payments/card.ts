/** Stripe's published test card, without a CVC: one payment method serves every payment of a run. */
export const BENCH_CARD = { number: '4242424242424242', exp_month: 3, exp_year: 2030 } as const;
