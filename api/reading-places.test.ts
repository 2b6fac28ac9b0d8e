import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../test/support/harness.ts';
import { createReadingPlaces, MOST_WAITING_READS, READS_AT_ONCE } from './reading-places.ts';
import { type Answer, get, startTestApi, type TestApi } from './test-support/harness.ts';

const here = { destroyed: false };

describe('what one person reads at once', () => {
  it('is so much, and the rest takes turns in the order in which it came', async () => {
    const places = createReadingPlaces();
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const reads = Array.from({ length: READS_AT_ONCE + 2 }, (_, number) =>
      places.within('opr_a', here, () => {
        begun.push(number);
        return new Promise<number>((resolve) => ends.push(() => resolve(number)));
      }),
    );
    await places.within('opr_b', here, async () => undefined);
    expect(begun).toEqual([0, 1, 2, 3]);
    for (let ended = 0; ended < reads.length; ended += 1) {
      ends[ended]?.();
      await reads[ended];
      await waitFor(async () => begun.length === Math.min(reads.length, READS_AT_ONCE + ended + 1), {
        what: 'the next one',
      });
    }
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is not done for somebody who has left, and gives the place on', async () => {
    const places = createReadingPlaces();
    const fail = () => places.within('opr_a', here, () => Promise.reject(new Error('no')));
    for (let time = 0; time < READS_AT_ONCE * 2; time += 1) await expect(fail()).rejects.toThrow('no');
    const gone = places.within('opr_a', { destroyed: true }, async () => 'read');
    await expect(gone).rejects.toMatchObject({ code: 'too_many_reads' });
    expect(await places.within('opr_a', here, async () => 'read')).toBe('read');
  });
});

describe('a console that asks for what takes too long', () => {
  let api: TestApi;
  const key = 'iop_reader_reader_reader';
  beforeAll(async () => {
    api = await startTestApi();
    await api.sql.query(`INSERT INTO operator (id, name, digest, role) VALUES ('opr_r', 'R', $1, 'admin')`, [
      api.vault.keyedDigest(key),
    ]);
  });
  afterAll(() => api?.close());

  it('keeps no payment waiting, is told to ask for less, and more of it is refused', {
    timeout: 30_000,
  }, async () => {
    const blocker = await api.sql.connect();
    const answers: Answer[] = [];
    let reads: readonly Promise<unknown>[] = [];
    try {
      await blocker.query('BEGIN; LOCK TABLE operator_refusal IN ACCESS EXCLUSIVE MODE');
      const most = READS_AT_ONCE + MOST_WAITING_READS;
      reads = Array.from({ length: most + 3 }, async () => {
        answers.push(await get(api, '/v1/operator/audit', { key }));
      });
      await waitFor(async () => answers.length >= 3, { what: 'the refusals' });
      expect(answers.map(({ status, body }) => [status, body.error?.code])).toEqual(
        Array.from({ length: 3 }, () => [429, 'too_many_reads']),
      );
      const begunMs = performance.now();
      expect((await get(api, '/v1/payments')).status).toBe(200);
      expect(performance.now() - begunMs).toBeLessThan(1_000);
      await waitFor(() => answers.find(({ status }) => status === 422), {
        what: 'the first that took too long',
        timeoutMs: 15_000,
      });
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }
    await Promise.all(reads);
    const ended = answers.find(({ status }) => status === 422);
    expect(ended?.body.error.code).toBe('read_too_long');
    expect(answers.at(-1)?.status).toBe(200);
    const { rows } = await api.sql.query(`SELECT code FROM operator_refusal`);
    expect(rows).toEqual([]);
    expect(api.logs.join('')).not.toContain('a bug or a broken part');
  });
});
