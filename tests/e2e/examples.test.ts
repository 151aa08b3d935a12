import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contractExamples } from '../support/contract-examples.ts';
import { SCENARIOS } from './example-scenarios.ts';
import { startServices, stopServices, VALUES } from './example-services.ts';

/** Every example of the contract is sent to the service, or is the service's answer. An example without a scenario fails. */

beforeAll(startServices);
afterAll(stopServices);

describe('an example of the contract', () => {
  it.each(contractExamples())('$name', async ({ name, value: example }) => {
    const scenario = SCENARIOS[name];
    if (scenario === undefined) throw new Error(`nothing sends this example, or compares an answer with it: ${name}`);
    expect(example).toBeDefined();
    await scenario(example);
  });

  it('belongs to each scenario', () => {
    expect(Object.keys(SCENARIOS).filter((name) => !VALUES.has(name))).toEqual([]);
  });
});
