import type { NewUpdate, Payload } from '../../../../domain/update.ts';

/**
 * Updates in the form in which they are sent to the writing thread. A body is sent as a string of one-byte characters: a buffer
 * would take along the whole memory pool from which Node allocated it, and shared memory per body is slow to create.
 */
export interface PackedUpdates {
  /** The updates without their payloads. */
  readonly updates: readonly object[];
  readonly payloads: readonly (readonly [mediaType: string, bytes: string])[];
  /** The index in `payloads` for each update; -1 if it has no payload. */
  readonly places: readonly number[];
}

export function pack(updates: readonly NewUpdate[]): PackedUpdates {
  const known = new Map<Payload, number>();
  const payloads: (readonly [string, string])[] = [];
  const places: number[] = [];
  const bare = updates.map((update) => {
    if (!('payload' in update)) {
      places.push(-1);
      return update;
    }
    const { payload, ...rest } = update;
    const place = known.get(payload) ?? payloads.length;
    if (place === payloads.length) {
      known.set(payload, place);
      payloads.push([payload.mediaType, bufferOf(payload.body).toString('latin1')]);
    }
    places.push(place);
    return rest;
  });
  return { updates: bare, payloads, places };
}

/** The inverse of {@link pack}. Updates that shared a payload share it again. */
export function unpack({ updates, payloads, places }: PackedUpdates): NewUpdate[] {
  const unpacked = payloads.map(([mediaType, bytes]): Payload => ({ mediaType, body: Buffer.from(bytes, 'latin1') }));
  return updates.map((update, i) => {
    const payload = unpacked[places[i] ?? -1];
    return (payload === undefined ? update : { ...update, payload }) as NewUpdate;
  });
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
