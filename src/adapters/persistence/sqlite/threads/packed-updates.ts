import type { NewUpdate, Payload } from '../../../../domain/update.ts';

/**
 * Updates as they go to the thread that writes. A body travels as a string of one-byte characters: as bytes it would take
 * all of the pool with it that Node cut it from, and one piece of shared memory for each is dear to build.
 */
export interface PackedUpdates {
  /** Without their payloads. */
  readonly updates: readonly object[];
  readonly payloads: readonly (readonly [mediaType: string, bytes: string])[];
  /** For each update which of the payloads is its own; -1 for none. */
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

/** The inverse of {@link pack}: updates that shared a payload share it again. */
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
