import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps what comes in a file without a name until all of it is here, and hands it on from there: as slowly as somebody
 * sends, nobody's transaction waits for them, and what breaks off leaves nothing.
 */
export async function spooled<T>(
  content: AsyncIterable<Uint8Array>,
  use: (whole: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const path = join(tmpdir(), `interlock-upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    // Each goes behind the one before.
    for await (const bytes of content) await file.writeFile(bytes);
    return await use(file.createReadStream({ start: 0, autoClose: false }));
  } finally {
    await file.close();
  }
}
