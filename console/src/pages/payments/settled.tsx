import { Money, Stat } from '../../kit/index.ts';
import type { Story } from './story.ts';

/** One for each currency that something of it was settled in: sums of different currencies are none. */
export function SettledStats({ settled }: { readonly settled: Story['money']['settled'] }) {
  if (settled.length === 0) return <Stat label="Settled, net" value="–" hint="in no settlement file yet" />;
  return settled.map(({ net, fee, currency }) => (
    <Stat
      key={currency}
      label="Settled, net"
      value={<Money minor={net} currency={currency} />}
      hint={
        <>
          after <Money minor={fee} currency={currency} /> fees
        </>
      }
    />
  ));
}
