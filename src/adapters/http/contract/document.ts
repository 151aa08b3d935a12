import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

/** The contract. It lies beside src/ and dist/ alike. */
const FILE = new URL('../../../../api/openapi.yaml', import.meta.url);

/** All answers share its bytes, so that a client that does not read costs no copy. */
export interface OpenapiDocument {
  readonly yaml: Buffer;
  readonly json: Buffer;
  /** Parses a new object at each call, because openapi-backend replaces the references in the object that it gets. */
  parse(): Record<string, unknown>;
}

let loaded: OpenapiDocument | undefined;

/** Reads the contract, once for each process: it does not change while the process runs. */
export function loadOpenapiDocument(): OpenapiDocument {
  return (loaded ??= readDocument());
}

function readDocument(): OpenapiDocument {
  const yaml = readFileSync(FILE);
  const json = JSON.stringify(load(yaml.toString()));
  return { yaml, json: Buffer.from(json), parse: () => JSON.parse(json) as Record<string, unknown> };
}
