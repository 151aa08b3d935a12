import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { requireSupportedNode } from '../../src/infrastructure/node-version.ts';

const written: string[] = [];
const exits: unknown[] = [];

beforeEach(() => {
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  jest.spyOn(process, 'exit').mockImplementation((code) => exits.push(code) as never);
});

afterEach(() => {
  jest.restoreAllMocks();
  written.length = 0;
  exits.length = 0;
});

describe('requireSupportedNode', () => {
  it.each(['22.15.0', '22.16.1', '23.0.0', '24.21.0', '100.0.0'])('accepts %s', (version) => {
    requireSupportedNode(version);
    expect([written, exits]).toEqual([[], []]);
  });

  it.each(['22.14.9', '22.11.9', '20.20.2', '18.0.0', '4.9.1'])(
    'ends the process on %s, with one line that helps',
    (version) => {
      requireSupportedNode(version);
      expect(exits).toEqual([1]);
      expect(written).toHaveLength(1);
      expect(written[0]).toMatch(/^[^\n]+\n$/);
      expect(written[0]).toContain(`this is ${version}`);
    },
  );

  it('requires the same version as package.json', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      engines: { node: string };
    };
    requireSupportedNode('0.0.0');
    expect(written[0]).toContain(`needs Node ${engines.node.replace('>=', '')} or newer`);
  });

  it('checks the Node that it runs on', () => {
    requireSupportedNode();
    expect(exits).toEqual([]);
  });
});
