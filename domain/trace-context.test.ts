import { describe, expect, it } from 'vitest';
import { traceparentIn } from './trace-context.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const data = (text: string) => new TextEncoder().encode(text);

describe('the header of a message', () => {
  it('says which span the message comes from', () => {
    expect(traceparentIn(data(JSON.stringify({ traceparent: TRACEPARENT })))).toBe(TRACEPARENT);
    expect(traceparentIn(data(JSON.stringify({ tracestate: 'a=b', traceparent: TRACEPARENT })))).toBe(
      TRACEPARENT,
    );
  });

  it.each([
    ['nothing', undefined],
    ['no data', null],
    ['no bytes', new Uint8Array()],
    ['no JSON', data('{"traceparent"')],
    ['JSON of something else', data('null')],
    ['another version', data(JSON.stringify({ traceparent: TRACEPARENT.replace('00-', '01-') }))],
    ['a trace that is not told of', data(JSON.stringify({ traceparent: TRACEPARENT.replace(/01$/, '00') }))],
    ['bytes of any kind', Uint8Array.from({ length: 256 }, (_, byte) => byte)],
    ['a book', data(`{"traceparent":"${TRACEPARENT}","x":"${'x'.repeat(2_000)}"}`)],
  ])('that holds %s says nothing, and breaks nothing', (_what, bytes) => {
    expect(traceparentIn(bytes)).toBeUndefined();
  });
});
