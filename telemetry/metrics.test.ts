import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createFactGauges, watchFromApi } from './gauges.ts';
import { createRequestMetrics, createWorkMetrics } from './metrics.ts';
import { answerMetrics, startMetricsPage } from './metrics-page.ts';

const call = {
  ...{
    provider: 'stripe',
    account: 'pa_1',
    operation: 'sale',
    outcome: 'captured',
    isResend: false,
    seconds: 0.2,
  },
};

describe('what is counted', () => {
  it('tells first sends from resends, and times both', async () => {
    const { registry, meter } = createWorkMetrics();
    meter.providerCalled(call);
    meter.providerCalled({ ...call, isResend: true, outcome: 'unknown' });
    const text = await registry.metrics();
    expect(text).toContain(
      'interlock_provider_calls_total{provider="stripe",account="pa_1",operation="sale",outcome="captured",send="first"} 1',
    );
    expect(text).toContain('outcome="unknown",send="resend"} 1');
    expect(text).toContain(
      'interlock_provider_call_duration_seconds_count{provider="stripe",operation="sale"} 2',
    );
  });

  it('counts a payment that was sent nowhere, without an attempt', async () => {
    const { registry, meter } = createWorkMetrics();
    meter.paymentEnded('failed', 'no_route');
    meter.paymentAnswered('failed', 'no_route', 0);
    meter.paymentAnswered('authorized', 'none', 2);
    const text = await registry.metrics();
    expect(text).toContain('interlock_payments_total{outcome="failed",reason="no_route"} 1');
    expect(text).toContain('interlock_payments_answered_total{outcome="authorized",reason="none"} 1');
    expect(text).toContain('interlock_payment_attempts_count 1');
    expect(text).toContain('interlock_payment_attempts_sum 2');
  });

  it('has one label for all methods that nobody routes', async () => {
    const { registry, meter } = createRequestMetrics();
    for (const method of ['PROPFIND', 'BREW'])
      meter.served({ method, route: 'none', status: 404, isAnswered: true, seconds: 0.01 });
    expect(await registry.metrics()).toContain('_count{method="other",route="none",status_class="4xx"} 2');
  });

  it('has a class for what was never answered, whatever the answer would have been', async () => {
    const { registry, meter } = createRequestMetrics();
    meter.served({ method: 'POST', route: '/v1/payments', status: 200, isAnswered: false, seconds: 9 });
    expect(await registry.metrics()).toContain('route="/v1/payments",status_class="aborted"} 1');
    expect(await registry.metrics()).not.toContain('2xx');
  });
});

describe('what a look found', () => {
  it('shows the usual approval that was known last where a look could not find it out, and drops it where there is none', async () => {
    const registry = new Registry();
    const gauges = createFactGauges(registry);
    const providers = [
      {
        ...{ provider: 'stripe', account: 'pa_1', circuit: 'closed' as const },
        recent: { attempts: 10, answered: 10, approved: 5, unknown: 0 },
      },
    ];
    const shown = async () =>
      /interlock_provider_usual_success_ratio\{.*pa_1.*\} (\S+)/.exec(await registry.metrics())?.[1];
    gauges.show({ providers, usualApproval: new Map([['pa_1', 0.9]]) });
    expect(await shown()).toBe('0.9');
    gauges.show({ providers });
    gauges.show({ usualApproval: new Map([['pa_1', 0.8]]) });
    expect(await shown()).toBe('0.9');
    gauges.show({ providers, usualApproval: new Map() });
    expect(await shown()).toBeUndefined();
  });
});

describe('a page', () => {
  it('is on its own port, and shows nothing else', async () => {
    const { registry } = createWorkMetrics();
    const page = await startMetricsPage({ host: '127.0.0.1', port: 0 }, registry);
    try {
      const response = await fetch(page.url);
      expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
      expect(await response.text()).toContain('process_cpu_seconds_total');
      expect((await fetch(page.url.replace('/metrics', '/'))).status).toBe(404);
      expect((await fetch(page.url, { method: 'POST' })).status).toBe(404);
    } finally {
      await page.close();
    }
  });

  it("carries the SDK's metrics behind our own, and says when they are away", async () => {
    const sdk = createServer((_request, response) => response.end('temporal_request_total 7\n'));
    await new Promise<void>((resolve) => {
      sdk.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(sdk.address() as AddressInfo).port}/metrics`;
    const { registry } = createWorkMetrics();
    const page = createServer((_request, response) => void answerMetrics(response, registry, url));
    await new Promise<void>((resolve) => {
      page.listen(0, '127.0.0.1', resolve);
    });
    const read = async () => (await fetch(`http://127.0.0.1:${(page.address() as AddressInfo).port}`)).text();
    try {
      const whole = await read();
      expect(whole).toContain('interlock_sdk_metrics_up 1');
      expect(whole).toContain('temporal_request_total 7');
      sdk.close();
      sdk.closeAllConnections();
      const without = await read();
      expect(without).toContain('interlock_sdk_metrics_up 0');
      expect(without).toContain('interlock_payments_total');
    } finally {
      sdk.close();
      page.close();
      page.closeAllConnections();
    }
  });
});

describe('what an API shows for others', () => {
  it('is the age of the last look and of the last canary, asked when it is scraped', async () => {
    const registry = new Registry();
    watchFromApi(registry, async () => ({ lookSeconds: 4, canarySeconds: 33 }), 60);
    const text = await registry.metrics();
    expect(text).toContain('interlock_worker_last_look_age_seconds 4');
    expect(await registry.metrics()).toContain('interlock_canary_last_success_age_seconds 33');
  });

  it('goes on when nobody can be asked, and has no canary where none is made', async () => {
    const registry = new Registry();
    watchFromApi(registry, () => Promise.reject(new Error('away')), undefined);
    const text = await registry.metrics();
    expect(text).toMatch(/interlock_worker_last_look_age_seconds \d/);
    expect(text).not.toContain('canary');
  });
});
