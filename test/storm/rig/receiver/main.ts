// A merchant's server with several endpoints, as a process of the rig: verifies every signature, writes each
// delivery down and has it on disk before it answers, and answers as its file says (behaviour.ts).
// `node --import tsx main.ts <port> <file> <journal>`
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { DeliveryLine, EndpointName } from '../../evidence-types.ts';
import { type Answer, answerTo, type ReceiverFile } from './behaviour.ts';

const [port = '', file = '', journalPath = ''] = process.argv.slice(2);
const journal = await open(journalPath, 'a');
const counts = new Map<string, number>();

function endpointOf(path: string) {
  const { endpoints } = JSON.parse(readFileSync(file, 'utf8')) as ReceiverFile;
  const name = path.replace(/^\/hooks\//, '') as EndpointName;
  const endpoint = endpoints[name];
  return endpoint === undefined ? undefined : { name, ...endpoint };
}

/** The library refuses a stale time stamp before it looks at the signature; whose it is we want to know anyway. */
function signatureOf(
  secret: string,
  headers: Record<string, string>,
  body: string,
): DeliveryLine['signature'] {
  const webhook = new Webhook(secret);
  try {
    webhook.verify(body, headers);
    return 'valid';
  } catch {
    const {
      'webhook-id': id = '',
      'webhook-timestamp': seconds = '',
      'webhook-signature': given = '',
    } = headers;
    if (!/^\d{1,12}$/.test(seconds)) return 'wrong';
    const expected = webhook.sign(id, new Date(Number(seconds) * 1_000), body);
    const isStale = Math.abs(Date.now() / 1_000 - Number(seconds)) > STALE_AFTER_S;
    return isStale && given.split(' ').includes(expected) ? 'stale' : 'wrong';
  }
}

const STALE_AFTER_S = 299;

function eventIn(body: string): Pick<DeliveryLine, 'event'> {
  try {
    const { id, type, payment, sequence, data } = JSON.parse(body);
    return { event: { id, type, payment, sequence, objectId: data.object.id } };
  } catch {
    return {};
  }
}

let written = 0;
let durable = 0;
let flushing: Promise<void> | undefined;
let pending: string[] = [];

/** Resolves once the line is on disk; requests that come together share an fsync. */
async function write(line: DeliveryLine): Promise<void> {
  pending.push(`${JSON.stringify(line)}\n`);
  const mine = ++written;
  while (durable < mine) {
    flushing ??= flush();
    await flushing;
  }
}

async function flush(): Promise<void> {
  const [text, upTo] = [pending.join(''), written];
  pending = [];
  try {
    await journal.appendFile(text);
    await journal.datasync();
    durable = upTo;
  } finally {
    flushing = undefined;
  }
}

async function receive(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
  const endpoint = endpointOf(request.url ?? '');
  if (endpoint === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { name, secret, mode } = endpoint;
  const headers = request.headers as Record<string, string>;
  const count = counts.get(name) ?? 0;
  counts.set(name, count + 1);
  const signature = signatureOf(secret, headers, body);
  const answer: Answer =
    signature === 'valid' ? answerTo(mode, count, Date.now()) : { what: 400, afterMs: 0 };
  await write({
    at: Date.now(),
    endpoint: name,
    signature,
    eventId: headers['webhook-id'] ?? '',
    bodyDigest: createHash('sha256').update(body).digest('hex'),
    ...eventIn(body),
    answered: typeof answer.what === 'number' ? answer.what : 0,
  });
  const { what, afterMs } = answer;
  if (what === 'hang') return;
  setTimeout(() => {
    if (what === 'cut') request.socket.destroy();
    else response.writeHead(what, { location: 'http://127.0.0.1:1/' }).end();
  }, afterMs);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    receive(request, response, Buffer.concat(chunks).toString('utf8')).catch((error: unknown) => {
      console.error(error);
      request.socket.destroy();
    });
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify({ ready: true })));
