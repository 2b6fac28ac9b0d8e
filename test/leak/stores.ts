import type { Client } from '@temporalio/client';
import { historyToJson } from '../../cli/replay/history-json.ts';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { decoded, type HistoryJson } from '../replay/histories.ts';
import type { System } from '../support/system.ts';
import type { Haystack } from './search.ts';

/** Every place where something of a payment comes to rest, as text. */
export async function everyStore(
  system: System,
  client: Client,
  captured: { readonly logs: readonly string[]; readonly answers: readonly string[] },
): Promise<Haystack[]> {
  return [
    ...(await histories(system, client)),
    ...(await tables(system)),
    ...(await journals(system)),
    { place: 'logs', text: captured.logs.join('\n') },
    { place: 'API answers', text: captured.answers.join('\n') },
  ];
}

/** Raw as Temporal holds them, and decoded as an operator with the key reads them. */
async function histories(system: System, client: Client): Promise<Haystack[]> {
  const rows = await system.sql<{ id: string; generation: number }>('SELECT id, generation FROM payment');
  const ids = rows.flatMap(({ id, generation }) =>
    Array.from({ length: generation }, (_, index) => paymentWorkflowId(id, index + 1)),
  );
  const found = await Promise.all(ids.map((id) => historyHaystacks(system, client, id)));
  return found.flat();
}

export async function historyHaystacks(system: System, client: Client, id: string): Promise<Haystack[]> {
  const raw = historyToJson(await client.workflow.getHandle(id).fetchHistory()) as HistoryJson;
  const readable = await decoded(raw, system.config.keys.codec);
  return [
    { place: `history ${id} (raw)`, text: JSON.stringify(raw) },
    { place: `history ${id}`, text: JSON.stringify(readable) },
  ];
}

/** All columns of all tables, also ones that a later migration adds; bytes both as hex and as text. */
async function tables(system: System): Promise<Haystack[]> {
  const names = await system.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const found = await Promise.all(
    names.map(async ({ name }) => {
      const rows = await system.sql<{ row: unknown }>(`SELECT to_jsonb(t) AS row FROM "${name}" t`);
      const text = JSON.stringify(rows);
      const bytes = text.match(/(?<=\\\\x)(?:[0-9a-f]{2})+/g) ?? [];
      return [
        { place: `table ${name}`, text },
        ...bytes.map((hex) => ({ place: `table ${name}`, text: Buffer.from(hex, 'hex').toString('latin1') })),
      ];
    }),
  );
  return found.flat();
}

async function journals(system: System): Promise<Haystack[]> {
  const providers = ['stripe', 'adyen'] as const;
  return Promise.all(
    providers.map(async (provider) => ({
      place: `journal of ${provider}`,
      text: JSON.stringify(await system.journal(provider)),
    })),
  );
}
