import { describe, expect, it } from 'vitest';
import { statementName } from './tracing.ts';

describe('the name of a statement', () => {
  it.each([
    ['SELECT 1', 'SELECT'],
    ['BEGIN', 'BEGIN'],
    [
      'select p.id from payment p join attempt a on a.payment_id = p.id where p.id = $1',
      'SELECT payment, attempt',
    ],
    ['SELECT "public"."merchant"."id" FROM "public"."merchant" WHERE 1=1', 'SELECT merchant'],
    ['INSERT INTO request (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = $1', 'INSERT request'],
    ['UPDATE operation SET first_sent_at = clock_timestamp() WHERE id = $1', 'UPDATE operation'],
    ['SELECT id FROM payment WHERE id = $1 FOR UPDATE', 'SELECT payment'],
    [
      'WITH due AS (SELECT id FROM delivery FOR UPDATE SKIP LOCKED) UPDATE delivery SET claimed = true FROM due',
      'UPDATE delivery',
    ],
    [
      'WITH p AS (INSERT INTO payment (id) VALUES ($1)), a AS (INSERT INTO attempt (id) VALUES ($2)) SELECT * FROM p',
      'INSERT payment, attempt',
    ],
    [
      'WITH c (id) AS (SELECT id FROM customer) SELECT * FROM mandate JOIN c ON true',
      'SELECT customer, mandate',
    ],
    [
      'WITH m AS (UPDATE payment SET x = 1) INSERT INTO attempt (id) VALUES ($1)',
      'UPDATE payment, INSERT attempt',
    ],
    ['SELECT extract(epoch FROM c.made_at) FROM customer c', 'SELECT customer'],
    ['', 'SQL'],
  ])('of %j is %s', (text, name) => {
    expect(statementName(text)).toBe(name);
  });

  it('holds nothing of what the statement holds', () => {
    expect(statementName("SELECT id FROM payment WHERE reference = '4242424242424242'")).toBe(
      'SELECT payment',
    );
  });
});
