export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'plain';

/** The states of payments, attempts, refunds, cases, deliveries, policies and circuits, by what they mean to a reader. */
const TONES: Readonly<Record<string, Tone>> = {
  ...tonesOf('good', [
    'succeeded',
    'captured',
    'approved',
    'authorized',
    'resolved',
    'delivered',
    'acknowledged',
    'active',
    'live',
    'champion',
    'settled',
    'matched',
    'closed',
    'healthy',
    'verified',
    'confirmed',
    'enabled',
    'completed',
    'valid',
    'posted',
  ]),
  ...tonesOf('bad', [
    'failed',
    'declined',
    'dead',
    'dead_letter',
    'disabled',
    'breached',
    'critical',
    'broken',
    'locked',
    'revoked',
    'invalid',
    'firing',
    'refused',
    'page',
  ]),
  ...tonesOf('warn', [
    'unknown',
    'requires_action',
    'review',
    'parked',
    'overdue',
    'degraded',
    'half_open',
    'warning',
    'retrying',
    'expired',
    'ticket',
    'open_circuit',
    'timed_out',
    'missing',
  ]),
  ...tonesOf('info', [
    'processing',
    'pending',
    'open',
    'investigating',
    'requires_capture',
    'shadow',
    'canary',
    'running',
    'draft',
    'proposed',
    'sent',
    'test',
  ]),
};

function tonesOf(tone: Tone, values: readonly string[]): Record<string, Tone> {
  return Object.fromEntries(values.map((value) => [value, tone]));
}

export function toneOf(value: string): Tone {
  return TONES[value] ?? 'plain';
}
