import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

/** The contract. It lies beside src/ and dist/ alike. */
const FILE = new URL('../../../../api/openapi.yaml', import.meta.url);

export interface OpenapiDocument {
  readonly yaml: string;
  readonly json: string;
  /** Parses a new object at each call, because openapi-backend replaces the references in the object that it gets. */
  parse(): Record<string, unknown>;
}

let loaded: OpenapiDocument | undefined;

/** Reads the contract, once for each process: it does not change while the process runs. */
export function loadOpenapiDocument(): OpenapiDocument {
  return (loaded ??= readDocument());
}

function readDocument(): OpenapiDocument {
  const yaml = readFileSync(FILE, 'utf8');
  const json = JSON.stringify(load(yaml));
  return { yaml, json, parse: () => JSON.parse(json) as Record<string, unknown> };
}
