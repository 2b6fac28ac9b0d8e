import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { SettledStats } from './settled.tsx';

const shown = (settled: Parameters<typeof SettledStats>[0]['settled']) =>
  renderToStaticMarkup(createElement(SettledStats, { settled }))
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');

it('of a payment that was settled in two currencies, both are shown, each with its fees', () => {
  const text = shown([
    { currency: 'EUR', lines: 1, gross: 1_000, net: 970, fee: 30 },
    { currency: 'USD', lines: 1, gross: 1_500, net: 1_455, fee: 45 },
  ]);
  for (const amount of ['9.70 EUR', '0.30 EUR', '14.55 USD', '0.45 USD']) expect(text).toContain(amount);
  expect(shown([])).toContain('in no settlement file yet');
});
