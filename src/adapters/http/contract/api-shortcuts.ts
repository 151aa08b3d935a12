import type { ValidateFunction } from 'ajv';
import type { OpenAPIBackend, ParsedRequest, ValidationResult } from 'openapi-backend';

/**
 * Spares openapi-backend work that it does for each request anew and whose result is known here: most of the time that it
 * took (docs/adr/0007). Its order of steps, its compiled validators and its failing closed stay.
 */
export function takeShortcuts(api: OpenAPIBackend): void {
  memoiseRoutes(api);
  parseOnce(api);
  validateParsed(api);
}

/** It would build its routing table for each request. */
function memoiseRoutes({ router }: OpenAPIBackend): void {
  const table = router.getOperations();
  router.getOperations = () => table;
}

/**
 * It would parse a request before routing, when nobody looks at it, again after it and for the validation. What it would
 * make of ours is known: headers in lower case, a parsed body, no cookies in the contract. Only the parameters of a path are
 * left to it.
 */
function parseOnce({ router }: OpenAPIBackend): void {
  const parse = router.parseRequest.bind(router);
  router.parseRequest = (request, operation) =>
    operation?.path.includes('{')
      ? parse(request, operation)
      : { ...(request as ParsedRequest), cookies: {}, params: {}, requestBody: request.body as unknown };
}

/** It would search for JSON in texts and lists in single values, of which the contract has none. */
function validateParsed({ router, validator }: OpenAPIBackend): void {
  validator.validateRequest = (received, operation): ValidationResult => {
    if (typeof operation !== 'object' || operation.operationId === undefined) throw new Error('unknown operation');
    const request = router.parseRequest(received, operation) as Record<keyof ParsedRequest, unknown>;
    const input = {
      path: request.params,
      query: request.query,
      header: request.headers,
      ...(request.requestBody !== undefined && { requestBody: request.requestBody }),
    };
    const validators = validator.getRequestValidatorsForOperation(operation.operationId) as readonly ValidateFunction[];
    const errors = validators.flatMap((validate) => (validate(input) ? [] : (validate.errors ?? [])));
    return { valid: errors.length === 0, errors: errors.length === 0 ? null : errors };
  };
}
