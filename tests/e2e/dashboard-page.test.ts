import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type RunningService } from '../support/service.ts';

let service: RunningService;
let policy: ReadonlyMap<string, readonly string[]>;
let html = '';
let files: readonly string[] = [];

beforeAll(async () => {
  service = await startService();
  const answer = await service.read('/');
  html = answer.body;
  files = Array.from(html.matchAll(/(?:src|href)="(\/assets\/[^"]*)"/g), ([, file = '']) => file);
  policy = new Map(
    (answer.headers.get('content-security-policy') ?? '').split(';').map((directive) => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources];
    }),
  );
});
afterAll(() => service.stop());

const importMap = (): string => /<script type="importmap">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
const imports = (): Record<string, string> => (JSON.parse(importMap()) as { imports: Record<string, string> }).imports;

describe('the page at /', () => {
  it('has a policy that allows no inline script or style, and no way from text to markup', () => {
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': ["'none'"],
      'script-src': ["'self'", `'sha256-${createHash('sha256').update(importMap()).digest('base64')}'`],
      'style-src': ["'self'"],
      'img-src': ['data:'],
      'connect-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
      'require-trusted-types-for': ["'script'"],
      'trusted-types': ["'none'"],
    });
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
    expect(html.match(/<script(?![^>]*\bsrc=)[^>]*>/g)).toEqual(['<script type="importmap">']);
  });

  it('loads from this server only, and is revalidated each time', async () => {
    expect((await service.read('/')).headers.get('cache-control')).toBe('no-cache');
    const addresses = Array.from(html.matchAll(/(?:src|href)="([^"]*)"/g), ([, address = '']) => address);
    expect(addresses.filter((address) => !/^\/(?:assets\/|redoc$)|^data:image/.test(address))).toEqual([]);
  });

  it('names files by their content, so that browsers may keep them for ever', async () => {
    expect(files.length).toBeGreaterThan(30);
    for (const file of files) {
      const { headers, body, status } = await service.read(file);
      expect([file, status]).toEqual([file, 200]);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('content-type')).toMatch(/^text\/(?:javascript|css); charset=utf-8$/);
      expect(file).toContain(`.${createHash('sha256').update(body).digest('hex').slice(0, 12)}.`);
    }
  });

  it('resolves every import of every module', async () => {
    const known = imports();
    const modules = Object.values(known);
    for (const module of modules) {
      const { body } = await service.read(module);
      const code = body.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      for (const [, specifier = ''] of code.matchAll(/(?:}\s*from|^import)\s*["']([^"']+)["']/gm)) {
        const key = specifier.startsWith('.') ? new URL(specifier, `http://host${module}`).pathname : specifier;
        expect([module, key, modules.includes(known[key] ?? '')]).toEqual([module, key, true]);
      }
    }
  });

  it('is small', async () => {
    const bodies = await Promise.all([...new Set(files)].map(async (file) => (await service.fetch(file)).body));
    const bytes = [html, ...bodies].reduce((sum, body) => sum + Buffer.byteLength(body), 0);
    expect(bytes).toBeLessThan(200_000); // docs/adr/0016
  });
});
