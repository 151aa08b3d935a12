import type { ErrorObject, ValidateFunction } from 'ajv';
import { OpenAPIBackend, type Document, type Operation, type Options } from 'openapi-backend';
import { isMessageId, isMessageText } from '../../../domain/message.ts';
import { parseTimestamp } from '../../../domain/timestamp.ts';
import { invalid } from '../problem.ts';
import type { OpenapiDocument } from './document.ts';
import { contractOperation, type ContractOperation } from './operation.ts';
import { validationErrorItems } from './validation-errors.ts';

/** The parts of a request that the contract describes, under openapi-backend's names. Validation may coerce them in place. */
export interface RequestParts {
  readonly path: Record<string, string>;
  readonly query: Record<string, unknown>;
  readonly header: unknown;
  readonly requestBody?: unknown;
}

/** Throws a Problem, 422, for a request that is not as the contract says. */
export type Validate = (request: RequestParts) => void;

export interface Contract {
  readonly operations: readonly ContractOperation[];
  /** The compiled validator of an operation. */
  validator(operationId: string): Validate;
}

const opened = new WeakMap<OpenapiDocument, Promise<Contract>>();

/** Opens a contract, once for each document: compiling takes some 150 ms of processor time, and servers can share it. */
export function openContract(document: OpenapiDocument): Promise<Contract> {
  const contract = opened.get(document) ?? compileContract(document);
  opened.set(document, contract);
  return contract;
}

/**
 * Dereferences the contract and compiles its request validators. This is all that openapi-backend does here: the router knows the operation
 * of a request, so its own routing, parsing and handlers are not used.
 */
async function compileContract(document: OpenapiDocument): Promise<Contract> {
  const api = new OpenAPIBackend({
    definition: document.parse() as unknown as Document,
    quick: true, // at start neither validate the contract, which CI does, nor compile validators of responses, which nobody calls
    strict: true, // throw if the references cannot be resolved
    // CI checks that the contract's schemas are valid. Ajv would do it again, which took two thirds of the time of compiling:
    // openapi-backend has an Ajv for each validator, and each compiles the schema of schemas first.
    ajvOpts: { allErrors: true, validateSchema: false, meta: false },
    customizeAjv,
  });
  await api.init();
  const { paths = {} } = api.definition;
  const operations = api.router.getOperations().map((operation) => {
    // Not operation.security: getOperations replaces a missing list by an empty one, which means open to everyone.
    const item = paths[operation.path] as Readonly<Record<string, Pick<Operation, 'security'>>>;
    return contractOperation(operation, item[operation.method]?.security ?? api.definition.security);
  });
  return {
    operations,
    validator: (operationId) => {
      const validators = api.validator.getRequestValidatorsForOperation(operationId);
      if (validators.length === 0) throw new Error(`${operationId} has no request validator`);
      return validate(validators);
    },
  };
}

function validate(validators: readonly ValidateFunction[]): Validate {
  return (request) => {
    let errors: ErrorObject[] | undefined;
    for (const isValid of validators) {
      if (!isValid(request)) errors = [...(errors ?? []), ...(isValid.errors ?? [])];
    }
    if (errors !== undefined) throw invalid(...validationErrorItems(errors, request));
  };
}

const customizeAjv: NonNullable<Options['customizeAjv']> = (ajv) => {
  // The domain decides; the limits and patterns of the contract only describe its rules to clients.
  ajv.addFormat('date-time', (value: string) => parseTimestamp(value) !== null);
  ajv.addFormat('message-id', isMessageId);
  ajv.addFormat('message-text', isMessageText);
  return ajv;
};
