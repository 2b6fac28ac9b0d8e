import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Router } from 'wouter';
import { ApiProblem } from '../../api/problem.ts';
import Difference from './difference.tsx';
import type { Listed } from './list.tsx';
import type { Policy } from './version.tsx';

type Asked = readonly Listed[] | ApiProblem | undefined;

const LIST = '/v1/routing/policies';
const refused = new ApiProblem(422, { code: 'read_too_long', message: 'It took too long.' });
const listed = (version: number) => ({ version, name: `v${version}`, status: 'archived' }) as Listed;
const policy = { version: 3, source: 'the same\nand a new rule' } as Policy;

/** The comparison of version 3 with what was answered so far; undefined: nothing yet. Version 2's text is known. */
function shown({ versions, active }: { readonly versions: Asked; readonly active: Asked }): string {
  const client = new QueryClient({ defaultOptions: { queries: { retryOnMount: false } } });
  const know = (query: object, asked: Asked) => {
    const queryKey = [LIST, undefined, { params: { query } }];
    if (asked instanceof ApiProblem)
      client
        .getQueryCache()
        .build(client, { queryKey })
        .setState({ status: 'error', error: asked, errorUpdateCount: 1 });
    else if (asked !== undefined) client.setQueryData(queryKey, { data: asked });
  };
  know({ limit: 100 }, versions);
  know({ status: 'active', limit: 1 }, active);
  const path = { params: { path: { version: 2 } } };
  client.setQueryData([`${LIST}/{version}`, undefined, path], { source: 'the same' });
  const place = { ssrPath: '/policies/3', children: createElement(Difference, { policy }) };
  return renderToStaticMarkup(createElement(QueryClientProvider, { client }, createElement(Router, place)));
}

describe('the comparison of versions', () => {
  it('is a skeleton until it is known what there is to compare with', () => {
    expect(shown({ versions: undefined, active: undefined })).toContain('skeleton');
    expect(shown({ versions: [listed(2)], active: undefined })).toContain('skeleton');
  });

  it('says why where the versions cannot be read', () => {
    for (const active of [refused, undefined]) {
      const html = shown({ versions: refused, active });
      expect(html).toContain('It took too long.');
      expect(html).toContain('Try again');
      expect(html).not.toContain('skeleton');
    }
  });

  it('is with the version before where nobody can say which is active', () => {
    const html = shown({ versions: [listed(4), listed(3), listed(2)], active: refused });
    expect(html).toContain('Differences from version 2');
    expect(html).toContain('+ and a new rule');
    expect(html).not.toContain('skeleton');
  });
});
