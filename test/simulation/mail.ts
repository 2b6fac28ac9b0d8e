import { refundIdOfReference } from '../../domain/names.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Charge } from './charge.ts';
import type { Provider } from './provider.ts';
import type { Letter } from './shared-rows.ts';
import type { World } from './world.ts';

interface Event {
  readonly kind: 'authorize' | 'capture' | 'void' | 'refund';
  readonly reference: string;
  readonly amountMinor?: number;
  readonly outcome: OperationOutcome;
  /** The provider's own name of what it speaks of, where that is not the charge. */
  readonly providerReference?: string;
}

/** `certain`: the provider's only word of something that nobody would ever ask about. `prompt`: at once, too. */
export type Posted = 'usual' | 'certain' | 'prompt';

/** The direct signal gets this long before the sweeper signals again; see db/inbox. */
const FIRST_SIGNAL_GRACE_MS = 5_000;
/** After so many signals that nobody could act on, a letter is a person's; see worker/sweeper.ts. */
const LETTER_TRIES = 12;

/** Webhooks: lost, late, twice and out of order on their way; kept once, and swept until somebody read them. */
export class Mail {
  readonly #world: World;
  readonly #stored = new Set<number>();
  #number = 0;

  constructor(world: World) {
    this.#world = world;
  }

  post(provider: Provider, event: Event, charge: Charge | undefined, posted: Posted = 'usual'): void {
    const world = this.#world;
    if (posted === 'usual' && world.strikes('webhookLost')) return;
    const { random, timeline } = world;
    this.#number += 1;
    const { providerReference = charge?.providerReference, ...told } = event;
    const letter: Omit<Letter, 'ownerId'> = {
      id: this.#number,
      accountId: provider.profile.step.accountId,
      reference: event.reference,
      ...(providerReference === undefined ? {} : { providerReference }),
      evidence: { ...told, currency: world.currency },
      believed: provider.profile.webhookIs === 'evidence',
      signals: 0,
    };
    const copies = world.strikes('webhookTwice') ? random.between(2, 3) : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const longestMs = posted === 'certain' ? provider.profile.lifetimeMs / 4 : 172_800_000;
      const late = posted !== 'prompt' && world.strikes('webhookLate');
      const delayMs = late ? random.magnitude(longestMs) : random.between(10, 3_000);
      timeline.after(delayMs, () => this.#arrive(letter));
    }
  }

  #arrive(posted: Omit<Letter, 'ownerId'>): void {
    const world = this.#world;
    if (this.#stored.has(posted.id)) return;
    this.#stored.add(posted.id);
    const refundId = posted.reference === undefined ? undefined : refundIdOfReference(posted.reference);
    const ownerId = world.database.ownerOf(refundId, posted.providerReference);
    const letter: Letter = { ...posted, ownerId };
    world.database.letters.push(letter);
    if (world.tracing)
      world.note(`letter ${letter.id} arrives: ${letter.evidence?.outcome.type} of ${letter.reference}`);
    if (!world.strikes('signalLost')) {
      if (letter.believed) world.door.news(ownerId);
      else world.timeline.after(1_000, () => world.door.news(ownerId));
    }
    this.#sweepAfter(letter, FIRST_SIGNAL_GRACE_MS);
  }

  #sweepAfter(letter: Letter, delayMs: number): void {
    const { database, timeline, door } = this.#world;
    timeline.after(delayMs, () => {
      if (!database.letters.includes(letter)) return;
      letter.signals += 1;
      door.news(letter.ownerId);
      if (letter.signals >= LETTER_TRIES) {
        database.open('unmatched_webhook', String(letter.id));
        database.acknowledge([letter.id]);
      } else this.#sweepAfter(letter, FIRST_SIGNAL_GRACE_MS * 2 ** Math.min(letter.signals, 10));
    });
  }
}
