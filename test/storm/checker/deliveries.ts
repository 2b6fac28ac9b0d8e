import type { DeliveryLine, EndpointEvidence } from '../evidence-types.ts';
import type { Finding } from './finding.ts';
import type { OutboxRow } from './rows.ts';
import { grouped, type View } from './view.ts';

/**
 * What merchants' endpoints heard, by their own journal. S5: every event reached every endpoint. S6: a payment's
 * events are numbered without a gap, and each was taken for the first time only after the one before. S7: an event
 * is one body, whenever and wherever it is told, rightly signed, and it says what was written.
 */
export function checkDeliveries(view: View): Finding[] {
  const { endpoints, deliveries } = view.evidence;
  return [
    ...(endpoints.length === 0 ? [found('S5', 'storm', 'had no endpoint, so nobody heard anything')] : []),
    ...unnumbered(view),
    ...endpoints.flatMap((endpoint) => {
      const taken = deliveries.filter((line) => line.endpoint === endpoint.name && isTaken(line));
      return [...unheard(view, endpoint, taken), ...disordered(view, endpoint, taken)];
    }),
    ...forged(view),
    ...changed(deliveries),
    ...untrue(view),
  ];
}

const found = (invariant: 'S5' | 'S6' | 'S7', subject: string, what: string): Finding => ({
  invariant,
  subject,
  what,
});

function isTaken({ answered, signature }: DeliveryLine): boolean {
  return signature === 'valid' && answered >= 200 && answered < 300;
}

function unheard(view: View, { id, name }: EndpointEvidence, taken: readonly DeliveryLine[]): Finding[] {
  const heard = new Set(taken.map(({ eventId }) => eventId));
  const missing = view.outbox
    .filter((event) => !heard.has(event.id))
    .map((event) => found('S5', event.id, `(${event.type}) never reached the ${name} endpoint`));
  const invented = view.deliveredTo(id).filter((eventId) => !heard.has(eventId));
  return [
    ...missing,
    ...invented.map((eventId) =>
      found('S5', eventId, `is written down as delivered to ${name}, and was not`),
    ),
  ];
}

function unnumbered(view: View): Finding[] {
  return [...grouped(view.outbox, ({ paymentId }) => paymentId)].flatMap(([paymentId, events]) => {
    const numbers = events.map(({ eventSequence }) => eventSequence).sort((a, b) => a - b);
    const isGapless = numbers.every((number, index) => number === index + 1);
    return isGapless ? [] : [found('S6', paymentId, `has events ${numbers.join(', ')}`)];
  });
}

/** By the first taking of each; what comes again may come at any time. */
function disordered(view: View, { name }: EndpointEvidence, taken: readonly DeliveryLine[]): Finding[] {
  const reached = new Map<string, number>();
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const { eventId } of taken) {
    const event = view.outboxById.get(eventId);
    if (event === undefined || seen.has(eventId)) continue;
    seen.add(eventId);
    const due = (reached.get(event.paymentId) ?? 0) + 1;
    if (event.eventSequence !== due)
      findings.push(
        found('S6', event.paymentId, `told ${name} of event ${event.eventSequence} when ${due} was due`),
      );
    reached.set(event.paymentId, event.eventSequence);
  }
  return findings;
}

function forged(view: View): Finding[] {
  const { deliveries, disturbances } = view.evidence;
  // A worker whose clock is wrong signs with its time, and careful merchants refuse that; it comes again.
  const wrongClock = (atMs: number) =>
    disturbances.some(
      ({ kind, target, fromMs, toMs }) =>
        kind === 'clock' && target.startsWith('worker') && fromMs <= atMs && toMs + WRONG_FOR_MS >= atMs,
    );
  return deliveries
    .filter(({ signature, at }) => signature === 'wrong' || (signature === 'stale' && !wrongClock(at)))
    .map(({ eventId, endpoint, signature }) =>
      found('S7', eventId, `came to ${endpoint} with a signature that is ${signature}`),
    );
}

/** From the signing to the receiver's time stamp, a stopped worker included. */
const WRONG_FOR_MS = 20_000;

function changed(deliveries: readonly DeliveryLine[]): Finding[] {
  return [...grouped(deliveries, ({ eventId }) => eventId)].flatMap(([eventId, lines]) => {
    const bodies = new Set(lines.map(({ bodyDigest }) => bodyDigest));
    return bodies.size === 1 ? [] : [found('S7', eventId, `was told in ${bodies.size} bodies`)];
  });
}

/** Each body against what was written with the step that it tells of. */
function untrue(view: View): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { eventId, event } of view.evidence.deliveries) {
    const written = view.outboxById.get(eventId);
    const what = written === undefined ? 'was never written' : differenceOf(written, event);
    if (what !== undefined) findings.set(eventId, found('S7', eventId, what));
  }
  return [...findings.values()];
}

function differenceOf(written: OutboxRow, told: DeliveryLine['event']): string | undefined {
  if (told === undefined) return 'has a body that cannot be read';
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['id', told.id, written.id],
    ['type', told.type, written.type],
    ['payment', told.payment, written.paymentId],
    ['sequence', told.sequence, written.eventSequence],
    ['object', told.objectId, written.ownerId],
  ];
  const wrong = pairs.find(([, is, should]) => is !== should);
  return wrong === undefined ? undefined : `has another ${wrong[0]} than was written: ${String(wrong[1])}`;
}
