import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Attempt } from '../../domain/payment/payment.ts';
import { CLAIM_ALLOWANCE_MS } from '../../domain/payment/resolver.ts';
import type { Answer, Request } from './charge.ts';
import { type PermitRow, revokePermit } from './permits.ts';
import type { Provider } from './provider.ts';
import { OUTSIDE, type Resume, type Script, start } from './timeline.ts';
import type { World } from './world.ts';

export type SendResult =
  | { readonly type: 'outcome'; readonly outcome: OperationOutcome }
  | { readonly type: 'superseded' }
  | { readonly type: 'not_permitted' };

export type InquiryAnswer =
  | { readonly type: 'outcome'; readonly outcome: OperationOutcome }
  | { readonly type: 'not_found' | 'nothing_learned'; readonly lastSentAtMs: number };

type Answered = SendResult | InquiryAnswer | ReadonlyMap<string, number>;

/** A CVC's longest life: with it go the sealed parameters, and with those the resend of an authorization. */
const PARAMETERS_LIVE_MS = 15 * 60_000;
/** An answer that took longer is written down before the workflow hears it. */
const SLOW_ANSWER_MS = 1_000;
const AROUND_A_CALL_MS = 10_000;

interface Sending {
  readonly row: PermitRow;
  readonly generation: number;
  readonly resend: boolean;
  /** When the call's total deadline was armed. */
  readonly openedMs: number;
  readonly claimedFromMs: number;
}

/**
 * The twin of activities/send.ts and inquire.ts, with the worker's deaths and freezes between any two of
 * its lines. An activity outlives the run that asked for it: then it is a zombie, and nobody hears it.
 */
export class Activities {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** `reply` hears the result once, or undefined when the worker died or was too slow. */
  send(operationId: string, generation: number, reply: Resume): void {
    start(this.#activity(this.#first(operationId, generation), reply), OUTSIDE);
  }

  resend(operationId: string, generation: number, reply: Resume): void {
    start(this.#activity(this.#again(operationId, generation), reply), OUTSIDE);
  }

  inquire(operationId: string, lookup: boolean, reply: Resume): void {
    start(this.#activity(this.#inquire(operationId, lookup), reply), OUTSIDE);
  }

  /** Asks for the refunds of an attempt that none of ours made. `reply` hears undefined where nothing is learned. */
  inquireRefunds(attempt: Attempt, reply: Resume): void {
    start(this.#activity(this.#listRefunds(attempt), reply), OUTSIDE);
  }

  *#listRefunds(attempt: Attempt): Script<ReadonlyMap<string, number> | undefined> {
    if (this.#world.strikes('lookupFails')) return undefined;
    yield this.#pause(this.#world.random.between(5, 50));
    const outside = new Map(this.#world.charge(attempt)?.outside);
    yield this.#pause(this.#world.random.between(5, 50));
    return outside;
  }

  #pause(ms: number): (resume: Resume) => void {
    return (resume) => this.#world.timeline.after(ms, resume);
  }

  /** Waits for a worker, and watches the time from its start to its end. */
  *#activity(work: Script<Answered | undefined | 'died'>, reply: Resume): Script<void> {
    const { random, timeline, settings } = this.#world;
    const queueMs = this.#world.strikes('noWorker') ? random.magnitude(600_000) : random.between(1, 10);
    yield this.#pause(queueMs);
    let heard = false;
    const once = (result?: Answered) => {
      if (heard) return;
      heard = true;
      timer.act = undefined;
      reply(result);
    };
    const timer = timeline.after(settings.providerDeadlineMs + AROUND_A_CALL_MS, () => once());
    const result = yield* work;
    if (result !== 'died') once(result);
  }

  *#first(operationId: string, generation: number): Script<SendResult | 'died'> {
    const world = this.#world;
    if (world.strikes('crashBeforeClaim')) return 'died';
    const row = world.database.permit(operationId);
    const openedMs = world.timeline.nowMs;
    if (world.strikes('freezeBeforeClaim')) yield this.#pause(world.random.magnitude(120_000));
    const claimedFromMs = world.timeline.nowMs;
    if (world.strikes('slowDatabase')) yield this.#pause(world.random.magnitude(5_000));
    const provider = world.providerOf(operationId);
    const databaseMs = world.clock('database');
    const claim = world.rules.claimFirstSend(
      row,
      {
        generation,
        parametersExpireAtMs: databaseMs + PARAMETERS_LIVE_MS,
        keyWindowMs: provider.profile.step.keyWindowMs,
      },
      databaseMs,
    );
    if (world.tracing) world.note(`claim ${operationId} g${generation}: ${claim.type}`);
    if (claim.type === 'superseded') return claim;
    if (claim.type === 'already_sent') return outcome({ type: 'unknown', cause: 'already_sent' });
    if (claim.type === 'revoked') return outcome({ type: 'not_attempted', proof: claim.why });
    return yield* this.#answered({ row, generation, resend: false, openedMs, claimedFromMs }, provider);
  }

  *#again(operationId: string, generation: number): Script<SendResult | 'died'> {
    const world = this.#world;
    const row = world.database.permit(operationId);
    const charging = row.kind === 'authorize' || row.kind === 'sale';
    const sealed = (row.parametersExpireAtMs ?? 0) > world.clock('database');
    if (row.closedAtMs !== undefined || (charging && !sealed)) return { type: 'not_permitted' };
    const openedMs = world.timeline.nowMs;
    if (world.strikes('freezeBeforeClaim')) yield this.#pause(world.random.magnitude(120_000));
    const claimedFromMs = world.timeline.nowMs;
    if (world.strikes('slowDatabase')) yield this.#pause(world.random.magnitude(5_000));
    const { providerDeadlineMs } = world.settings;
    if (!world.rules.claimResend(row, generation, providerDeadlineMs, world.clock('database')))
      return { type: 'not_permitted' };
    if (world.tracing) world.note(`claim ${operationId} g${generation} to send again`);
    const provider = world.providerOf(operationId);
    const result = yield* this.#answered(
      { row, generation, resend: true, openedMs, claimedFromMs },
      provider,
    );
    return result === 'died' || result.type !== 'outcome' ? result : afterResend(result.outcome);
  }

  /** From the claim to the workflow's hearing of it. */
  *#answered(sending: Sending, provider: Provider): Script<SendResult | 'died'> {
    const world = this.#world;
    const { row, resend, openedMs, claimedFromMs } = sending;
    if (world.strikes('crashAfterClaim')) return 'died';
    if (world.strikes('freezeAfterClaim')) yield this.#pause(world.random.magnitude(120_000));
    const { nowMs } = world.timeline;
    const refused =
      nowMs > claimedFromMs + CLAIM_ALLOWANCE_MS || nowMs >= openedMs + world.settings.providerDeadlineMs;
    if (refused || world.strikes('noConnection'))
      return outcome({ type: 'not_attempted', proof: 'no_byte_sent' });
    world.checks.sent(row, resend);
    if (world.tracing) world.note(`bytes of ${row.id} leave`);
    const crashes = world.strikes('crashAfterSend');
    const said = (yield (resume) => this.#exchange(sending, provider, crashes ? () => undefined : resume)) as
      | OperationOutcome
      | undefined;
    if (said === undefined || world.strikes('crashAfterAnswer')) return 'died';
    if (world.strikes('freezeAfterAnswer')) yield this.#pause(world.random.magnitude(120_000));
    if (world.tracing)
      world.note(`${row.id}: ${said.type}${said.type === 'unknown' ? ` ${said.cause}` : ''}`);
    const slow = world.timeline.nowMs - openedMs > SLOW_ANSWER_MS;
    if (slow || resend || said.type === 'unknown') this.#witness(sending, said);
    return outcome(said);
  }

  #witness({ row, generation }: Sending, seen: OperationOutcome): void {
    const { database, door } = this.#world;
    database.observations.push({ operationId: row.id, outcome: seen });
    const stale = row.closedAtMs !== undefined || row.generation > generation;
    if (stale && seen.type !== 'unknown') door.news(row.ownerId);
  }

  /** One HTTP exchange: either half may be lost or late, and the deadline ends it. */
  #exchange(sending: Sending, provider: Provider, done: (outcome: OperationOutcome) => void): void {
    const world = this.#world;
    const { timeline, random } = world;
    const leftMs = sending.openedMs + world.settings.providerDeadlineMs - timeline.nowMs;
    let over = false;
    const end = (said: OperationOutcome) => {
      if (over) return;
      over = true;
      deadline.act = undefined;
      done(said);
    };
    const deadline = timeline.after(leftMs, () => end({ type: 'unknown', cause: 'timeout' }));
    const cut = () => end({ type: 'unknown', cause: 'connection_lost' });
    if (world.strikes('requestLost')) {
      if (random.chance(0.5)) timeline.after(random.magnitude(leftMs), cut);
      return;
    }
    const late = world.strikes('requestLate');
    const tripMs = Math.min(leftMs, late ? random.magnitude(leftMs) : random.between(5, 50));
    // The connection may break while the request is still under way.
    if (late && random.chance(0.3)) timeline.after(random.between(0, tripMs), cut);
    timeline.after(tripMs, () =>
      provider.receive(this.requestOf(sending.row), (answer) => {
        if (world.strikes('answerLost')) {
          if (random.chance(0.5)) timeline.after(random.magnitude(leftMs), cut);
        } else timeline.after(random.between(5, 50), () => end(mapped(answer, sending.resend)));
      }),
    );
  }

  requestOf(row: PermitRow): Request {
    const attempts = this.#world.database.payment?.attempts ?? [];
    const attempt = attempts.find((each) => each.id === row.attemptId);
    if (attempt === undefined) throw new Error(`${row.id} is of no attempt`);
    const { id, ownerId, kind, attemptId, attemptNumber, amountMinor, finalCapture } = row;
    return {
      kind,
      // A key is a function of exactly what an operation's id is made of.
      key: id,
      operationId: id,
      ownerId,
      attemptId,
      attemptNumber,
      amountMinor,
      finalCapture,
      byReference: attempt.providerReference === undefined,
    };
  }

  *#inquire(operationId: string, lookup: boolean): Script<InquiryAnswer | 'died'> {
    const world = this.#world;
    const row = world.database.permit(operationId);
    const { lastSentAtMs } = row;
    if (world.strikes('slowDatabase')) yield this.#pause(world.random.magnitude(2_000));
    if (lastSentAtMs === undefined) {
      if (revokePermit(row, world.clock('database')) === 'revoked')
        return { type: 'outcome', outcome: { type: 'not_attempted', proof: 'permit_revoked' } };
      return { type: 'nothing_learned', lastSentAtMs: world.clock('workflow') };
    }
    const provider = world.providerOf(operationId);
    if (!lookup || !provider.profile.step.canLookup) return { type: 'nothing_learned', lastSentAtMs };
    if (world.strikes('lookupFails'))
      return world.random.chance(0.5) ? 'died' : { type: 'nothing_learned', lastSentAtMs };
    const request = this.requestOf(row);
    yield this.#pause(world.random.between(5, 50));
    const answer = provider.lookUp(request, request.byReference);
    if (world.tracing)
      world.note(`look up ${operationId}: ${answer.type === 'found' ? answer.outcome.type : answer.type}`);
    yield this.#pause(world.random.between(5, 50));
    if (answer.type === 'found') {
      world.database.observations.push({ operationId, outcome: answer.outcome });
      return { type: 'outcome', outcome: answer.outcome };
    }
    return { type: answer.type === 'not_found' ? 'not_found' : 'nothing_learned', lastSentAtMs };
  }
}

function outcome(said: OperationOutcome): SendResult {
  return { type: 'outcome', outcome: said };
}

/** What the adapter makes of an answer: on a resend no 4xx proves anything. */
function mapped(answer: Answer, resend: boolean): OperationOutcome {
  return answer.refused && resend ? { type: 'unknown', cause: 'rejected_on_resend' } : answer.outcome;
}

function afterResend(said: OperationOutcome): SendResult {
  if (said.type === 'not_attempted') return outcome({ type: 'unknown', cause: 'connection_lost' });
  if (said.type === 'rejected') return outcome({ type: 'unknown', cause: 'rejected_on_resend' });
  return outcome(said);
}
