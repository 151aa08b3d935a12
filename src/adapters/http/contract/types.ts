import type { components, operations } from './generated/openapi.ts';

/** The contract as types. Only this folder uses them. */

export type Schemas = components['schemas'];
export type OperationId = keyof operations;

/** What an operation is called with, after validation: parameters by place, and the JSON body where there is one. */
export interface OperationRequest<K extends OperationId> {
  readonly query: NonNullable<operations[K]['parameters']['query']>;
  readonly path: NonNullable<operations[K]['parameters']['path']>;
  readonly body: JsonBody<operations[K]>;
}

type JsonBody<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;

type Responses<K extends OperationId> = operations[K]['responses'];

/**
 * What an operation may answer: one member for each status and media type of the contract, with the headers it demands.
 * An undeclared status, a missing field or a missing header does not compile. The request id is the server's business, and so
 * is `Cache-Control: no-store`, which every answer has that does not say otherwise.
 */
export type Reply<K extends OperationId> = {
  [S in keyof Responses<K>]: { readonly status: S } & HeadersOf<Responses<K>[S]> & ContentOf<Responses<K>[S]>;
}[keyof Responses<K>];

type HeadersOf<R> = R extends { headers: infer H }
  ? keyof Declared<H> extends never
    ? { readonly headers?: Readonly<Record<string, string>> }
    : { readonly headers: Declared<H> }
  : never;

type Declared<H> = {
  readonly [
    N in keyof H as string extends N ? never : N extends 'X-Request-ID' ? never : H[N] extends 'no-store' ? never : N
  ]: H[N];
};

type ContentOf<R> = R extends { content: infer C }
  ? { [M in keyof C]: { readonly type: M; readonly body: C[M] } }[keyof C]
  : { readonly type?: undefined; readonly body?: undefined };
