import type { Ruling } from '../../domain/payment/commands.ts';
import type { Payment, RouteStep } from '../../domain/payment/payment.ts';
import type { World } from './world.ts';

export interface MerchantCommand {
  readonly id: string;
  readonly kind: 'capture' | 'void' | 'confirm';
  /** Absent: all that is capturable. */
  readonly amountMinor?: number;
  readonly finalCapture: boolean;
}

/** A merchant who captures, voids and confirms at any moment, more than once, and not always what is allowed. */
export class Merchant {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  begin(unconfirmed: boolean, manual: boolean): void {
    const { random } = this.#world;
    let number = 0;
    const order = (kind: MerchantCommand['kind'], withinMs: number) => {
      number += 1;
      const part = kind === 'capture' && random.chance(0.5);
      this.#send(
        {
          id: `req_${number}`,
          kind,
          finalCapture: random.chance(0.6),
          ...(part ? { amountMinor: random.between(1, 1_200) } : {}),
        },
        random.magnitude(withinMs),
      );
    };
    if (unconfirmed && random.chance(0.8)) order('confirm', 100_000);
    const withinMs = random.pick([60_000, 3_600_000, 8 * 86_400_000]);
    const captures = manual ? random.pick([0, 1, 1, 2, 3]) : random.pick([0, 0, 0, 1]);
    for (let count = 0; count < captures; count += 1) order('capture', withinMs);
    if (random.chance(0.3)) order('void', withinMs);
  }

  #send(command: MerchantCommand, delayMs: number): void {
    const { random, timeline, door } = this.#world;
    timeline.after(delayMs, () => door.payment.command(command));
    // The same request again, under the same key: at once, or when everything is over.
    if (random.chance(0.3))
      timeline.after(delayMs + random.magnitude(600_000), () => door.payment.command(command));
  }

  rule(payment: Payment, command: MerchantCommand, nowMs: number): Ruling {
    const { rules, route, database } = this.#world;
    switch (command.kind) {
      case 'capture': {
        const { id: cause, finalCapture, amountMinor } = command;
        return rules.decideCaptureCommand(
          payment,
          { cause, finalCapture, ...(amountMinor === undefined ? {} : { amountMinor }) },
          nowMs,
        );
      }
      case 'void':
        return rules.decideVoidCommand(payment, command.id);
      case 'confirm':
        return rules.decideConfirmCommand(payment, {
          cause: command.id,
          paymentMethodId: 'pm_1',
          completeByMs: (database.payment?.createdAtMs ?? nowMs) + 240_000,
          route: route as readonly RouteStep[],
        });
    }
  }
}
