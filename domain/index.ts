/**
 * domain/: the rules of money movement as pure code, one folder a concept.
 * What lives here: types, data tables, and functions from values to values.
 * What may not: I/O, clocks, randomness, Temporal, Prisma, provider SDKs. Time comes in as an argument
 * (epoch milliseconds), so the same code runs in workflows, tests and simulations.
 */
export * from './ids.ts';
export * from './machine.ts';
export * from './money/money.ts';
