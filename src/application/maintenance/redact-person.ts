import type { PersonRule } from '../../domain/erasure-rule.ts';
import type { Msisdn } from '../../domain/message.ts';
import type { NumberPlaces, RemnantSearch, SchemaCheck, Work } from '../ports/maintenance.ts';
import type { ErasurePreview, MessageEraser } from '../ports/store.ts';
import { eraseAndReclaim, type ErasurePorts, type ErasureResult } from './erase-and-reclaim.ts';
import { requireOwnSchema } from './require-schema.ts';

export interface Redaction extends ErasureResult {
  /** Where the number still is; null if the files belong to a server. */
  readonly places: NumberPlaces | null;
}

export interface RedactionPorts extends ErasurePorts {
  readonly schema: SchemaCheck;
  readonly eraser: Pick<MessageEraser, 'preview'>;
  readonly remnants: RemnantSearch;
}

/** Permanently deletes one person's data, then searches the files for what remains of it. */
export class RedactPerson {
  readonly #ports: RedactionPorts;

  constructor(ports: RedactionPorts) {
    this.#ports = ports;
  }

  /** What would be erased now. Only reads. */
  async preview(number: Msisdn): Promise<ErasurePreview> {
    await requireOwnSchema(this.#ports.schema);
    return this.#ports.eraser.preview(ruleOf(number));
  }

  /**
   * Interrupted at any time, the same call resumes the work.
   * @param previewed what the operator has agreed to erase
   */
  async execute(number: Msisdn, previewed: ErasurePreview, compact: boolean, work: Work): Promise<Redaction> {
    const options = { expected: previewed.messages, compact, thorough: true };
    const result = await eraseAndReclaim(this.#ports, ruleOf(number), options, work);
    return { ...result, places: await this.#ports.remnants.placesOf(number) };
  }
}

function ruleOf(number: Msisdn): PersonRule {
  return { of: 'person', number };
}
