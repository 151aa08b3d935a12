import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { contract, contractYaml } from '../support/contract-check.ts';
import { startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

describe('the contract', () => {
  it('is served unchanged as YAML', async () => {
    const { headers, body } = await service.read('/openapi.yaml');
    expect(headers.get('content-type')).toMatch(/^application\/yaml/);
    expect(body).toBe(contractYaml);
    expect(parse(body)).toEqual(contract);
  });

  it('is served as JSON, with its references', async () => {
    const answer = await service.read('/openapi.json');
    expect(answer.json()).toEqual(contract);
    expect(answer.body).toContain('"$ref"');
  });
});

describe.each(['/docs', '/redoc'])('%s', (path) => {
  it('is a page that loads existing files of this server only', async () => {
    const { headers, body } = await service.read(path);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const references = Array.from(body.matchAll(/(?:src|href)="([^"]*)"/g), ([, reference = '']) => reference);
    const files = references.filter((reference) => reference !== 'data:,');
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      expect(file).toMatch(/^\/assets\/[\w.-]+$/);
      expect((await service.read(file)).body.length).toBeGreaterThan(50);
    }
    expect(body).not.toMatch(/https?:|\/\/|@import/);
  });

  it('has a policy that allows nothing else, and no inline script', async () => {
    const { headers, body } = await service.read(path);
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split(';').map((directive) => {
        const [name = '', ...sources] = directive.trim().split(' ');
        return [name, sources];
      }),
    );
    expect(policy.get('default-src')).toEqual(["'none'"]);
    expect(policy.get('script-src')).toEqual(["'self'"]);
    expect(policy.get('connect-src')).toEqual(["'self'"]);
    expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
    const sources = new Set([...policy.values()].flat());
    expect([...sources].filter((source) => !/^('none'|'self'|'unsafe-inline'|data:|blob:)$/.test(source))).toEqual([]);
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=/i);
  });
});

describe('everything else', () => {
  it.each(['/messages', '/stats', '/openapi.json', '/assets/docs.js', '/nothing'])(
    '%s has a policy that runs nothing and cannot be framed',
    async (path) => {
      const { headers } = await service.read(path);
      expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.has('x-powered-by')).toBe(false);
      expect(headers.has('access-control-allow-origin')).toBe(false);
    },
  );
});

describe('an asset', () => {
  it.each([
    ['swagger-ui.css', 'text/css; charset=utf-8', '.swagger-ui'],
    ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle'],
    ['redoc.standalone.js', 'text/javascript; charset=utf-8', 'Redoc'],
    ['docs.js', 'text/javascript; charset=utf-8', "'/openapi.json'"],
    ['docs.css', 'text/css; charset=utf-8', '.signing'],
    ['redoc.js', 'text/javascript; charset=utf-8', "'/openapi.json'"],
  ])('%s is %s', async (file, type, content) => {
    const { headers, body } = await service.read(`/assets/${file}`);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('cache-control')).toBe('public, max-age=3600');
    expect(body).toContain(content);
  });

  it.each(['..%2Fpackage.json', '..%2F..%2F..%2F..%2Fetc%2Fpasswd', 'a%00.js', '%2Fetc%2Fpasswd', 'a'.repeat(65)])(
    'is never %s',
    async (file) => {
      const answer = await service.stream({ path: `/assets/${file}` });
      expect([answer.status, answer.json()]).toEqual([
        422,
        expect.objectContaining({ errors: [expect.objectContaining({ loc: ['path', 'file'] })] }),
      ]);
    },
  );
});
