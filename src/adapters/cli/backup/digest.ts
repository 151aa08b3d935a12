import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { BackupOptions } from '../../persistence/maintenance/backup-content.ts';

const CHUNK_BYTES = 1024 * 1024;

/** The SHA-256 of a file, in hex. */
export async function sha256Of(file: string, bytes: number, { signal, onProgress }: BackupOptions): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  onProgress('hashing', done, bytes);
  for await (const chunk of createReadStream(file, { signal, highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    onProgress('hashing', done, bytes);
  }
  return hash.digest('hex');
}
