import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/problem.ts';
import { Loaded } from './feedback.tsx';

const shown = (data: string | undefined, error: Error | null) =>
  renderToStaticMarkup(
    Loaded<string>({
      query: { data, error, refetch: () => undefined },
      children: (text) => createElement('p', {}, text),
    }),
  );

describe('an answer of the API', () => {
  const refused = new ApiProblem(429, { message: 'Too many requests.' });

  it('stays when it cannot be read again, below what went wrong', () => {
    const html = shown('what was known', refused);
    expect(html.indexOf('Too many requests.')).toBeGreaterThan(-1);
    expect(html.indexOf('what was known')).toBeGreaterThan(html.indexOf('Too many requests.'));
  });

  it('is a skeleton until it is there, or until it is known why it is not', () => {
    expect(shown(undefined, null)).toContain('skeleton');
    expect(shown(undefined, refused)).not.toContain('skeleton');
    expect(shown('here', null)).toBe('<p>here</p>');
  });
});
