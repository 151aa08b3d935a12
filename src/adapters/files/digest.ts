import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import type { Work } from '../../application/ports/maintenance.ts';

const CHUNK_BYTES = 1024 * 1024;

/** The size and the SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string, { signal, onProgress }: Work): Promise<{ bytes: number; sha256: string }> {
  const { size: bytes } = statSync(file);
  const hash = createHash('sha256');
  let done = 0;
  onProgress('hashing', done, bytes);
  for await (const chunk of createReadStream(file, { signal, highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    onProgress('hashing', done, bytes);
  }
  return { bytes, sha256: hash.digest('hex') };
}
