import { type LevelWithSilent, type Logger, pino } from 'pino';

/** Nothing that is logged holds secrets or card data by construction; the redaction is the second wall. */
export function createLogger(level: LevelWithSilent): Logger {
  return pino({
    level,
    base: { service: 'api' },
    redact: {
      paths: ['authorization', 'cvc', 'number', 'card', 'headers', 'body', 'secrets'].flatMap((name) => [
        name,
        `*.${name}`,
      ]),
      censor: '[redacted]',
    },
  });
}
