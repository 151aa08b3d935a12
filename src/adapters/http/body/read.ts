import type { IncomingMessage } from 'node:http';
import { Problem } from '../problem.ts';
import { declaredLength } from './announced.ts';
import type { BodyShare } from './budget.ts';

/**
 * Reads the whole body as it was sent, up to `maxBytes` and up to what the memory for all bodies has room for. A declared length above either
 * is rejected before a byte is read; a body that grows above it is left unread from there on. The caller releases the share,
 * however this ends.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, share: BodyShare): Promise<Buffer> {
  const declared = declaredLength(request);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (!share.admits(declared)) throw noRoom();
  const pieces = collector(declared || maxBytes, share);
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      settled();
    };
    const refuse = (problem: Problem): void => {
      settle(() => {
        reject(problem);
      });
    };
    const onData = (chunk: Buffer): void => {
      if (pieces.length() + chunk.length > maxBytes) refuse(tooLarge(maxBytes));
      else if (!pieces.add(chunk)) refuse(noRoom());
    };
    const onEnd = (): void => {
      settle(() => {
        resolve(pieces.whole());
      });
    };
    const onCut = (): void => {
      refuse(new Problem('bad-request', { detail: 'the body ended before its declared length' }));
    };
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/** The size of a block that collects small pieces: a Buffer for each piece would cost hundreds of times its bytes. */
const BLOCK_BYTES = 16_384;

/**
 * Collects the pieces of a body in few blocks. It takes each block from the share when it allocates it, so that the share counts the memory
 * that is really in use. No block is larger than what may still follow of `mostBytes`.
 */
function collector(mostBytes: number, share: BodyShare) {
  const blocks: Buffer[] = [];
  let length = 0;
  let last = Buffer.alloc(0);
  let used = 0;
  return {
    length: (): number => length,
    /** False if the share has no room for the piece; the body is useless then. */
    add(piece: Buffer): boolean {
      const fitting = piece.copy(last, used);
      used += fitting;
      length += fitting;
      const rest = piece.length - fitting;
      if (rest === 0) return true;
      const size = Math.max(rest, Math.min(BLOCK_BYTES, mostBytes - length));
      if (!share.take(size)) return false;
      last = Buffer.allocUnsafeSlow(size); // not from Node's pool, which would stay as long as the longest body in it
      used = piece.copy(last, 0, fitting);
      length += rest;
      blocks.push(last);
      return true;
    },
    whole: (): Buffer => (blocks.length === 1 ? last.subarray(0, length) : Buffer.concat(blocks, length)),
  };
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('content-too-large', {
    detail: `the body is larger than ${String(maxBytes)} bytes`,
    headers: { Connection: 'close' }, // the rest of the body is discarded, see node/linger.ts
  });
}

function noRoom(): Problem {
  return new Problem('unavailable', {
    headers: { 'Retry-After': '1', Connection: 'close' }, // as above
    cause: new Error('request bodies fill MAX_BUFFERED_BYTES'),
  });
}
