import type { Writable } from 'node:stream';

/** Where lines go; resolves when more may come, so that a slow reader doesn't fill our memory. */
export interface Output {
  write(text: string): Promise<void>;
}

/** Whoever reads has heard enough (`| head`): no fault of anybody's. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

export function outputTo(stream: Writable): Output {
  let gone: Error | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = error.code === 'EPIPE' ? new ReaderGone() : error;
  });
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        if (gone !== undefined) return reject(gone);
        // The callback comes once the text is out, or with the error that kept it in.
        stream.write(text, (error) => {
          if (error === null || error === undefined) resolve();
          else reject('code' in error && error.code === 'EPIPE' ? new ReaderGone() : error);
        });
      }),
  };
}
