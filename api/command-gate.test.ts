import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../client/contract.ts';
import type { CommandAnswer } from '../workflows/payment/messages.ts';
import { createCommandGate, type GatedCommand } from './command-gate.ts';

const ACCEPTED: CommandResult = { type: 'accepted' };
const NOT_FOUND: CommandResult = { type: 'not_found' };

function commandOf(more: Partial<GatedCommand<CommandAnswer>>): GatedCommand<CommandAnswer> {
  return {
    subjectId: 'pay_1',
    identity: 'req_1/digest',
    timeoutMs: 5_000,
    send: async () => NOT_FOUND,
    ...more,
  };
}

function counted(send: () => Promise<CommandResult>) {
  const counter = { sent: 0, send: () => send() };
  counter.send = () => {
    counter.sent += 1;
    return send();
  };
  return counter;
}

describe('the command gate', () => {
  it('makes one call for a hundred identical requests, and another for the next', async () => {
    const gate = createCommandGate();
    const door = counted(async () => NOT_FOUND);
    const results = await Promise.all(
      Array.from({ length: 100 }, () => gate.run(commandOf({ send: door.send }))),
    );
    expect([door.sent, new Set(results)]).toEqual([1, new Set([NOT_FOUND])]);
    await gate.run(commandOf({ send: door.send }));
    expect(door.sent).toBe(2);
  });

  it('keeps requests with another body, and other payments, apart', async () => {
    const gate = createCommandGate();
    const door = counted(async () => NOT_FOUND);
    await Promise.all([
      gate.run(commandOf({ send: door.send })),
      gate.run(commandOf({ send: door.send, identity: 'req_1/other digest' })),
      gate.run(commandOf({ send: door.send, identity: 'req_2/digest', subjectId: 'pay_2' })),
    ]);
    expect(door.sent).toBe(3);
  });

  it('shares a failure too, so that a broken door is not asked a hundred times', async () => {
    const gate = createCommandGate();
    const door = counted(() => Promise.reject(new Error('broken')));
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, () => gate.run(commandOf({ send: door.send }))),
    );
    expect([door.sent, new Set(results.map(({ status }) => status))]).toEqual([1, new Set(['rejected'])]);
  });

  it('asks again for a caller with time left when another’s time was up', async () => {
    const gate = createCommandGate();
    let sent = 0;
    const send = async () => {
      sent += 1;
      return sent === 1 ? ACCEPTED : NOT_FOUND;
    };
    const hasty = gate.run(commandOf({ send, timeoutMs: 20 }));
    const patient = gate.run(commandOf({ send }));
    expect(await Promise.all([hasty, patient])).toEqual([ACCEPTED, NOT_FOUND]);
  });

  it('gives a place back when its holder hangs, fails, or stopped waiting for it', async () => {
    const gate = createCommandGate();
    const never = () => new Promise<CommandResult>(() => undefined);
    const hanging = Array.from({ length: 20 }, (_, n) =>
      gate.run(commandOf({ identity: `hanging ${n}`, timeoutMs: 30, send: never })),
    );
    expect(new Set((await Promise.all(hanging)).map(({ type }) => type))).toEqual(new Set(['unreachable']));
    const failing = Array.from({ length: 20 }, (_, n) =>
      gate.run(commandOf({ identity: `failing ${n}`, send: () => Promise.reject(new Error('broken')) })),
    );
    expect((await Promise.allSettled(failing)).every(({ status }) => status === 'rejected')).toBe(true);
    const after = Array.from({ length: 20 }, (_, n) => gate.run(commandOf({ identity: `after ${n}` })));
    expect(new Set(await Promise.all(after))).toEqual(new Set([NOT_FOUND]));
  });
});
