import { describe, expect, it } from '@jest/globals';
import { rawReply } from '../../../../src/adapters/http/operations/messages/raw.ts';

const body = Buffer.from('<script>alert(1)</script>');

describe('a raw body', () => {
  it.each([
    ['application/json', 'application/json'],
    ['application/json; charset=utf-8', 'application/json; charset=utf-8'],
    ['application/x-www-form-urlencoded; charset=UTF-8', 'application/x-www-form-urlencoded; charset=UTF-8'],
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/jsonx', 'application/octet-stream'],
    ['application/json, text/html', 'application/octet-stream'],
    ['application/json; charset=utf-7', 'application/json'],
    ['text/json', 'application/json'],
    ['application/cloudevents+json; charset=utf-8', 'application/json'],
    ['application/json\r\nX-Injected: 1', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('that was %j is sent as %s, and no browser runs it', (mediaType, sent) => {
    const reply = rawReply({ mediaType, body });
    expect(reply.headers).toEqual({
      'Content-Type': sent,
      'Content-Disposition': 'attachment',
      'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    });
    expect(sent.startsWith(reply.type)).toBe(true);
  });
});
