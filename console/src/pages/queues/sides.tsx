import { Card, Facts, Id, Money, Time } from '../../kit/index.ts';

type Row = Readonly<Record<string, unknown>>;

/** The file's line against what we booked, side by side; and whatever else the case is about, as its table has it. */
export function Sides({ rows, details }: { readonly rows: Row; readonly details: Row }) {
  const line = rowOf(rows.line);
  const booking = rowOf(rows.booking);
  const others = (['file', 'payout', 'bank_line'] as const).flatMap((name) => {
    const row = rowOf(rows[name]);
    return row === undefined ? [] : [{ name, row }];
  });
  return (
    <>
      {(line !== undefined || booking !== undefined) && (
        <div className="sides">
          <Card title="The provider's line">
            {line === undefined ? <p className="muted">No line says anything of it.</p> : <Line of={line} />}
          </Card>
          <Card title="Our booking">
            {booking === undefined ? (
              <p className="muted">Nothing of ours matches it.</p>
            ) : (
              <Booking of={booking} />
            )}
          </Card>
        </div>
      )}
      {others.map(({ name, row }) => (
        <Card key={name} title={TITLES[name]}>
          <Plain of={row} />
        </Card>
      ))}
      {Object.keys(details).length > 0 && (
        <Card title="As it was opened">
          <Plain of={details} />
        </Card>
      )}
    </>
  );
}

const TITLES = { file: 'Settlement file', payout: 'Payout', bank_line: 'Bank statement line' } as const;

function rowOf(value: unknown): Row | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : undefined;
}

const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : null;

function money(minor: unknown, currency: unknown) {
  const isWhole = typeof minor === 'number' || (typeof minor === 'string' && /^-?\d+$/.test(minor));
  return isWhole && typeof currency === 'string' ? <Money minor={minor} currency={currency} /> : null;
}

const moment = (value: unknown) => (typeof value === 'string' ? <Time at={value} /> : null);

function Line({ of: line }: { readonly of: Row }) {
  return (
    <Facts
      facts={[
        ['Gross', money(line.gross_minor, line.currency)],
        ['Fee', money(line.fee_minor, line.settlement_currency)],
        ['Net', money(line.net_minor, line.settlement_currency)],
        ['Kind', `${text(line.type) ?? ''} (${text(line.provider_type) ?? ''})`],
        ['Verdict', text(line.verdict)],
        ['Reference', text(line.provider_reference)],
        ['Operation', text(line.operation_reference)],
        ['Our reference', text(line.merchant_reference)],
        ['Occurred', moment(line.occurred_at)],
        ['File, line', `${text(line.file_id) ?? ''}, ${text(line.line) ?? ''}`],
      ]}
    />
  );
}

function Booking({ of: booking }: { readonly of: Row }) {
  return (
    <Facts
      facts={[
        ['Amount', money(booking.amount_minor, booking.currency)],
        ['Kind', text(booking.kind)],
        ['Status', text(booking.status)],
        ['Payment', paymentLink(text(booking.payment_id))],
        ['Reference', text(booking.provider_reference)],
        ['Operation', text(booking.operation_reference)],
        ['Our reference', text(booking.merchant_reference)],
        ['Booked', moment(booking.booked_at)],
        ['Presentable until', moment(booking.presentable_until)],
        ['Booking', text(booking.id)],
      ]}
    />
  );
}

function paymentLink(payment: string | null) {
  return payment === null ? null : <Id value={payment} href={`/payments/${payment}`} />;
}

/** Members as they are; what is nested stands as text, and is never taken for markup. */
function Plain({ of: row }: { readonly of: Row }) {
  const facts = Object.entries(row).map(([name, value]) => {
    const shown = typeof value === 'object' && value !== null ? JSON.stringify(value) : text(value);
    const isLong = shown !== null && shown.length > 400;
    return [name.replaceAll('_', ' '), isLong ? `${shown.slice(0, 400)}…` : shown] as const;
  });
  return <Facts facts={facts} />;
}
