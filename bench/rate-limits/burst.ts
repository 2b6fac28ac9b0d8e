import { randomUUID } from 'node:crypto';
import { httpCaller } from '../lib/http.ts';

/**
 * A merchant who asks as fast as it is answered, in a process of its own: `burst.ts API_URL API_KEY CALLERS`. Half of what
 * it asks reads a list, half makes a customer. Ends when its input does, and then says how it was answered.
 */
const [url = '', key = '', callers = '32'] = process.argv.slice(2);
const { call, close } = httpCaller(url, { authorization: `Bearer ${key}` });
const counts = { served: 0, refused: 0 };
let isOver = false;

async function ask(turn: number): Promise<void> {
  const answer =
    turn % 2 === 0
      ? await call('GET', '/v1/payments')
      : await call('POST', '/v1/customers', {
          body: { name: 'Burst' },
          headers: { 'idempotency-key': randomUUID() },
        });
  if (answer.status === 429) counts.refused += 1;
  else if (answer.status < 300) counts.served += 1;
  else throw new Error(`a burst's request was answered ${answer.status}`);
}

async function caller(): Promise<void> {
  for (let turn = 0; !isOver; turn += 1) await ask(turn);
}

process.stdin.once('end', () => {
  isOver = true;
});
process.stdin.resume();
const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(callers) }, caller));
close();
process.stdout.write(`${JSON.stringify({ ...counts, seconds: (performance.now() - startedAt) / 1_000 })}\n`);
