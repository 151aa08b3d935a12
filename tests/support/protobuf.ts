export type Fields = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/**
 * The fields of a Protocol Buffers message by their numbers, with repeated values: numbers as bigint, everything else as bytes
 * (https://protobuf.dev/programming-guides/encoding/). Throws RangeError if it is not a message.
 */
export function fieldsOf(message: Buffer): Fields {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  function bytes(length: number): Buffer {
    if (at + length > message.length) throw new RangeError('it ends within a field');
    at += length;
    return message.subarray(at - length, at);
  }

  function value(wireType: number): bigint | Buffer {
    if (wireType === 0) return varint();
    if (wireType === 1) return bytes(8).readBigUInt64LE();
    if (wireType === 2) return bytes(Number(varint()));
    if (wireType === 5) return BigInt(bytes(4).readUInt32LE());
    throw new RangeError(`no wire type: ${String(wireType)}`);
  }

  while (at < message.length) {
    const tag = Number(varint());
    const values = fields.get(tag >> 3) ?? [];
    values.push(value(tag & 7));
    fields.set(tag >> 3, values);
  }
  return fields;
}
