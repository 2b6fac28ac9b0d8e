import { defineConfig } from 'prisma/config';

// Read by the Prisma CLI only: `interlock generate`, and `prisma migrate deploy` for those who prefer it. The
// CLI loads this file outside of any entry point, so the URL comes from the environment here.
const url = process.env.DATABASE_URL;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
});
