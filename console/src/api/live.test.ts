import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { isRefreshed } from './live.ts';

const PATH = '/v1/operator/queues';

it('reads again after news, and lets a read end first that is under way', async () => {
  const client = new QueryClient();
  const answers: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(client, {
    queryKey: [PATH],
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const stop = observer.subscribe(() => undefined);
  expect(isRefreshed(client, [PATH])).toBe(false);
  expect(isRefreshed(client, ['/v1/operator/alarms', PATH])).toBe(false);
  expect(isRefreshed(client, ['/v1/operator/alarms'])).toBe(true);
  expect(answers).toHaveLength(1);
  answers[0]?.('before');
  await expect.poll(() => client.getQueryData([PATH])).toBe('before');
  expect(isRefreshed(client, [PATH])).toBe(true);
  expect(answers).toHaveLength(2);
  answers[1]?.('after');
  await expect.poll(() => client.getQueryData([PATH])).toBe('after');
  stop();
  client.clear();
});
