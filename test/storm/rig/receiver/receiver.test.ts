import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choosePort } from '../../../../cli/stack/ports.ts';
import { answerTo, MODES } from './behaviour.ts';
import { Receiver } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-receiver-test-'));
const SECRET = `whsec_${Buffer.from('a secret of twenty-four bytes').toString('base64')}`;
let receiver: Receiver;
let child: ReturnType<typeof spawn>;
let url: string;

beforeAll(async () => {
  const { port } = await choosePort(23_456);
  url = `http://127.0.0.1:${port}/hooks/well`;
  receiver = new Receiver(folder, port);
  const { command, args, cwd, env } = receiver.spec(1);
  child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  const file = JSON.stringify({ endpoints: { well: { secret: SECRET, mode: 'well' } } });
  writeFileSync(join(folder, 'receiver.json'), file);
}, 60_000);
afterAll(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function deliver(id: string, secret: string, atMs: number): Promise<number> {
  const body = JSON.stringify({
    id,
    type: 't',
    payment: 'pay_1',
    sequence: 1,
    data: { object: { id: 'pay_1' } },
  });
  const at = new Date(atMs);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(atMs / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
  return (await fetch(url, { method: 'POST', body, headers })).status;
}

describe("the merchant's receiver", () => {
  it('has what came on disk before it answers, and tells a stale signature from a wrong one', async () => {
    const other = `whsec_${Buffer.from('another secret, of somebody').toString('base64')}`;
    const now = Date.now();
    const dayMs = 86_400_000;
    expect(await deliver('evt_1', SECRET, now)).toBe(200);
    expect(receiver.lines()).toMatchObject([
      {
        eventId: 'evt_1',
        endpoint: 'well',
        signature: 'valid',
        answered: 200,
        event: { payment: 'pay_1', sequence: 1 },
      },
    ]);
    expect(await deliver('evt_2', SECRET, now - dayMs)).toBe(400);
    expect(await deliver('evt_3', other, now)).toBe(400);
    expect(await deliver('evt_4', other, now - dayMs)).toBe(400);
    expect(receiver.lines().map(({ signature }) => signature)).toEqual(['valid', 'stale', 'wrong', 'wrong']);
  });
});

describe('an endpoint that is down for half of the time', () => {
  const spells = Array.from({ length: 200 }, (_each, index) => answerTo('flapping', index, index * 450));

  it('takes half of what comes', () => {
    expect(spells.filter(({ what }) => what === 200)).toHaveLength(100);
  });

  it('takes everything once it is well', () => {
    for (const mode of MODES.filter((each) => each !== 'well'))
      expect(
        Array.from({ length: 40 }, (_each, index) => answerTo(mode, index, index * 450).what),
      ).not.toEqual(Array(40).fill(200));
    expect(spells.map((_each, index) => answerTo('well', index, index * 450).what)).toEqual(
      Array(200).fill(200),
    );
  });
});
