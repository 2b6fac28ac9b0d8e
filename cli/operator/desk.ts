import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** The API as an operator sees it: one key of their own, commands that may be repeated under their key. */
export interface Desk {
  view(path: string): Promise<Reply>;
  command(path: string, body: object, options?: CommandOptions): Promise<Reply>;
}

export interface CommandOptions {
  /** The Idempotency-Key; a new one where it is left out. */
  readonly key?: string | undefined;
  /** Seconds that the answer may take (`Prefer: wait=`). */
  readonly waitSeconds?: number;
}

export interface Reply {
  readonly httpStatus: number;
  readonly body: unknown;
}

/** The API said no, or nothing: its words, and how the same command may be sent again where that is safe. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly body: unknown;
  /** Absent where nobody answered. */
  readonly httpStatus: number | undefined;

  constructor(message: string, reply?: Reply) {
    super(message);
    this.body = reply?.body;
    this.httpStatus = reply?.httpStatus;
  }
}

const problemSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    param: z.string().optional(),
    status: z.string().optional(),
  }),
});

/** `root` is what its paths go on from. */
export function connectDesk(apiUrl: string, key: string, root = 'operator/'): Desk {
  const call = async (method: string, path: string, headers: Record<string, string>, body?: object) => {
    const response = await fetch(`${apiUrl.replace(/\/$/, '')}/v1/${root}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { httpStatus: response.status, body: (await response.json()) as unknown };
  };
  return {
    async view(path) {
      const reply = await call('GET', path, {}).catch((error: unknown) => {
        throw new Refused(`${apiUrl} does not answer: ${reasonOf(error)}`);
      });
      return judged(reply);
    },
    async command(path, body, { key: idempotencyKey = randomUUID(), waitSeconds } = {}) {
      const again = `Whether it was carried out is not known. Repeating it is safe with --key ${idempotencyKey}`;
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
        ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
      };
      const reply = await call('POST', path, headers, body).catch((error: unknown) => {
        throw new Refused(`${apiUrl} does not answer: ${reasonOf(error)}. ${again}`);
      });
      return judged(reply, again);
    },
  };
}

function judged(reply: Reply, again?: string): Reply {
  if (reply.httpStatus < 400) return reply;
  const problem = problemSchema.safeParse(reply.body);
  if (!problem.success) throw new Refused(`the API answered ${reply.httpStatus}`, reply);
  const { code, message, param } = problem.data.error;
  const said = `${message} (${reply.httpStatus} ${code}${param === undefined ? '' : `, ${param}`})`;
  const open = reply.httpStatus >= 500 && again !== undefined;
  throw new Refused(open ? `${said}\n${again}` : said, reply);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
