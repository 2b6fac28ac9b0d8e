/**
 * db/: everything that speaks SQL. What lives here: the connection, the writes of a payment's projection
 * (plan, record, permits, generations), merchants' requests, read queries, the inbox and settings.
 * What may not: decisions. A repository stores what the domain decided, compare-and-set, and says
 * honestly when it could not. Only this room imports Prisma; raw SQL goes through tagged templates.
 */
export * from './client.ts';
