import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import type { ProviderDescriptor } from '../../../src/adapters/providers/descriptor.ts';
import { descriptorOf, PROVIDER_NAMES } from '../../../src/adapters/providers/registry.ts';

const page = readFileSync(new URL('../../../docs/providers.md', import.meta.url), 'utf8');
const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

function replyOf(descriptor: ProviderDescriptor): string {
  if ('message' in descriptor) return 'outcome in `X-Message-Result`';
  const { reply } = descriptor;
  return reply === 'outcomes' ? 'updates per outcome, JSON' : `always the same \`${reply.mediaType}\``;
}

function row(descriptor: ProviderDescriptor): string[] {
  const { title, path, secret, settings, signature, mediaTypes } = descriptor;
  const variables = [secret, ...Object.values(settings)].map(({ name }) => name);
  if (signature.covers === 'address') variables.push('PUBLIC_URL');
  return [
    title,
    code([`POST ${path}`]),
    code(variables),
    `${code(signature.headers)}: ${signature.algorithm}`,
    code(mediaTypes),
    replyOf(descriptor),
  ];
}

it('docs/providers.md has a row for each provider with the values of its descriptor', () => {
  const rows = Array.from(page.matchAll(/^\|(.+)\|$/gm), ([, cells = '']) =>
    cells.split('|').map((cell) => cell.trim()),
  );
  const [heading, , ...providers] = rows;
  expect(heading).toEqual(['provider', 'path', 'variables', 'signature', 'body', 'reply']);
  expect(providers).toEqual(PROVIDER_NAMES.map((name) => row(descriptorOf(name))));
});
