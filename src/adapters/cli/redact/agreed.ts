import { createInterface } from 'node:readline';

/** Asks whether to continue. Only `yes` confirms; the end of the input does not. */
export async function agreed(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<boolean> {
  output.write('Erase it for good? Type yes: ');
  const lines = createInterface({ input });
  for await (const line of lines) return line.trim().toLowerCase() === 'yes';
  return false;
}
