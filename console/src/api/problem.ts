/** What the API answers when it refuses, as the console tells it. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  /** The field that the refusal is about, where it is about one. */
  readonly param: string | undefined;
  /** The error object as it came, for pages that show more of it (a policy's findings, what is allowed instead). */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, error: Readonly<Record<string, unknown>>, traceId?: string | null) {
    super(textOf(error.message) ?? `The API answered ${status}.`);
    this.status = status;
    this.code = textOf(error.code) ?? `http_${status}`;
    this.requestId = textOf(error.request_id);
    this.param = textOf(error.param);
    this.traceId = traceId ?? undefined;
    this.details = error;
  }
}

/** Of a request whose answer never came: nobody knows whether the API acted on it. */
export class Unreachable extends ApiProblem {
  constructor() {
    super(0, { code: 'unreachable', message: 'The API could not be reached.' });
  }
}

/** Any thrown value as a problem: an error of the page's own is told too, and never swallowed. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const message = error instanceof Error ? error.message : 'Something went wrong in this page.';
  return new ApiProblem(0, { code: 'console_error', message });
}

export async function problemOfResponse(response: Response): Promise<ApiProblem> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return new ApiProblem(response.status, errorIn(body), response.headers.get('Trace-Id'));
}

function errorIn(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || !('error' in body)) return {};
  const { error } = body;
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
