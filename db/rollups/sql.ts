import { Prisma } from '../generated/client.ts';

export type Statement = Prisma.Sql;
export const { sql, raw, join } = Prisma;
