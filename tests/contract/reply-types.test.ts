import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

/** Compiles statements against the contract's types, in this folder but without files. */

const HEAD = `
import type { OperationId, OperationRequest, Reply } from '../../src/adapters/http/contract/types.ts';
import type { operations } from '../../src/adapters/http/contract/generated/openapi.ts';
import type { Operations } from '../../src/adapters/http/operations/exchange.ts';
type IsAny<T> = 0 extends 1 & T ? true : false;
type IsNever<T> = [T] extends [never] ? true : false;
type Same<A, B> = [A, B] extends [B, A] ? true : false;
declare const all: Operations;
const problem = { type: '/problems/not-found', title: '', status: 404, detail: '', instance: '' } as const;
export const used = [all, problem] as (Operations | typeof problem | IsAny<1> | IsNever<1> | Same<1, 1> | OperationId | OperationRequest<'getStats'> | Reply<'getStats'> | operations)[];
`;

const RIGHT = {
  'an ingested message': `export const reply: Reply<'ingestMessage'> = { status: 200, headers: { 'X-Message-Result': 'created' }, type: 'application/json', body: { status: 'ok' } };`,
  'a missing message': `export const reply: Reply<'getMessage'> = { status: 404, type: 'application/problem+json', body: problem };`,
  'unchanged statistics': `export const reply: Reply<'getStats'> = { status: 304, headers: { ETag: '"x"' } };`,
  'an unready service': `export const reply: Reply<'getReadiness'> = { status: 503, headers: { 'Retry-After': 1 }, type: 'application/json', body: { status: 'stopping', checks: { database: 'ok', schema: 'ok', webhook_secret: 'ok' }, providers: [] } };`,
  'metrics of two types': `export const replies: Reply<'getMetrics'>[] = [{ status: 200, type: 'text/plain', body: '' }, { status: 200, type: 'application/openmetrics-text', body: '' }];`,
  'headers of the server beside those of the contract': `export const reply: Reply<'getLiveness'> = { status: 200, headers: { Vary: 'Accept' }, type: 'application/json', body: { status: 'alive' } };`,
  'all operations': `export const operationsOfContract: Operations = { ...all };`,
  'types that are something': `
    type Vacuous = { [K in OperationId]: true extends IsAny<Reply<K>> | IsNever<Reply<K>> | IsAny<Reply<K>['status']> ? K : never }[OperationId];
    export const none: IsNever<Vacuous> = true;`,
  'every status of every operation': `
    type Lost = { [K in OperationId]: Same<Reply<K>['status'], keyof operations[K]['responses']> extends true ? never : K }[OperationId];
    export const none: IsNever<Lost> = true;
    export const counted: Same<OperationId, keyof operations> = true;`,
  'parameters and bodies by their own types': `
    export const limit: Same<OperationRequest<'listMessages'>['query']['limit'], number | undefined> = true;
    export const id: Same<OperationRequest<'getMessage'>['path'], { message_id: string }> = true;
    export const text: Same<OperationRequest<'ingestMessage'>['body']['text'], string | null | undefined> = true;
    export const none: Same<OperationRequest<'getStats'>['body'], undefined> = true;`,
} as const;

const WRONG = {
  'a status that is not declared': `export const reply: Reply<'getLiveness'> = { status: 201, type: 'application/json', body: { status: 'alive' } };`,
  'a status of another operation': `export const reply: Reply<'listMessages'> = { status: 404, type: 'application/problem+json', body: problem };`,
  'a body under a status that has none': `export const reply: Reply<'getStats'> = { status: 304, headers: { ETag: '"x"' }, type: 'application/json', body: {} };`,
  'a missing body': `export const reply: Reply<'getLiveness'> = { status: 200 };`,
  'a missing field': `export const reply: Reply<'listMessages'> = { status: 200, type: 'application/json', body: { data: [], total: 0, limit: 1, offset: 0 } };`,
  'a field too many': `export const reply: Reply<'getLiveness'> = { status: 200, type: 'application/json', body: { status: 'alive', since: 1 } };`,
  'a field of another type': `export const reply: Reply<'getLiveness'> = { status: 200, type: 'application/json', body: { status: 'dead' } };`,
  'a text that may be absent': `export const reply: Reply<'getMessage'> = { status: 200, type: 'application/json', body: { message_id: '', from: '', to: '', ts: '' } };`,
  'all headers missing': `export const reply: Reply<'ingestMessage'> = { status: 200, type: 'application/json', body: { status: 'ok' } };`,
  'one header missing': `export const reply: Reply<'getReadiness'> = { status: 503, headers: {}, type: 'application/json', body: { status: 'stopping', checks: { database: 'ok', schema: 'ok', webhook_secret: 'ok' }, providers: [] } };`,
  'a header of another value': `export const reply: Reply<'ingestMessage'> = { status: 200, headers: { 'X-Message-Result': 'stored' }, type: 'application/json', body: { status: 'ok' } };`,
  'another media type': `export const reply: Reply<'getLiveness'> = { status: 200, type: 'text/plain', body: { status: 'alive' } };`,
  'an operation missing': `const { getStats, ...others } = all; export const incomplete: Operations = others; export { getStats };`,
  'an operation too many': `export const more: Operations = { ...all, deleteMessage: all.getStats };`,
  'an operation that answers as another one': `export const swapped: Operations = { ...all, getStats: all.getLiveness };`,
  'an operation without the contract': `export const reply = (): Reply<'deleteMessage'> => { throw new Error(); };`,
  'a parameter that is not declared': `export const sort = (request: OperationRequest<'listMessages'>): unknown => request.query.sort;`,
  'a parameter without a look whether it is there': `export const limit = (request: OperationRequest<'listMessages'>): number => request.query.limit;`,
} as const;

let messages: Map<string, string[]>;

beforeAll(() => {
  messages = compile({ ...RIGHT, ...WRONG });
});

function compile(snippets: Readonly<Record<string, string>>): Map<string, string[]> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const tsconfig = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
  const { config } = ts.readConfigFile(tsconfig, (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, folder);
  const sources = new Map(
    Object.entries(snippets).map(([what, code], i) => [`${folder}snippet-${String(i)}.ts`, { what, code }]),
  );

  const host = ts.createCompilerHost(options);
  const onDisk = ts.createCompilerHost(options);
  host.fileExists = (file) => sources.has(file) || onDisk.fileExists(file);
  host.getSourceFile = (file, version) => {
    const source = sources.get(file);
    return source === undefined
      ? onDisk.getSourceFile(file, version)
      : ts.createSourceFile(file, HEAD + source.code, version);
  };
  const program = ts.createProgram([...sources.keys()], { ...options, noUnusedLocals: false }, host);
  return new Map(
    Array.from(sources, ([file, { what }]) => {
      const source = program.getSourceFile(file);
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [what, diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))];
    }),
  );
}

describe('compiles', () => {
  it.each(Object.keys(RIGHT))('%s', (what) => {
    expect(messages.get(what)).toEqual([]);
  });
});

describe('does not compile', () => {
  it.each(Object.keys(WRONG))('%s', (what) => {
    const found = messages.get(what) ?? [];
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).not.toMatch(/Cannot find|expected\./);
  });
});
