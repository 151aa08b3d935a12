/**
 * Decodes base64 (RFC 4648, section 4); null if the text is invalid. Node's own decoder skips unknown characters, stops at
 * the first `=`, and ignores leftover bits. Here every value has exactly one spelling, so no second spelling of a signature
 * is valid.
 */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
