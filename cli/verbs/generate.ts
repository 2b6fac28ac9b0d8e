import { generate } from '../install.mjs';
import { ROOT } from '../stack/paths.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'generate the Prisma client from the schema (offline)',
  usage: `Usage: ./interlock generate

Writes db/generated from prisma/schema.prisma. Every other verb does this by itself when the schema has
changed; nothing is downloaded.`,
  run: async () => {
    await generate(ROOT);
    return 0;
  },
};

export default verb;
