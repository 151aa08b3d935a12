import { expect } from '@jest/globals';
import type { CheckedAnswer } from './http-client.ts';

export interface ValidationError {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** The errors of a 422. Fails for any other answer. */
export function validationErrors(answer: CheckedAnswer): readonly ValidationError[] {
  expect(answer.status).toBe(422);
  return (answer.json() as { errors: ValidationError[] }).errors;
}
