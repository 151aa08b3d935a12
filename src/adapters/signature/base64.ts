/**
 * The bytes a text is the base64 of (RFC 4648, section 4), or null. Node's own decoder skips what it does not know,
 * stops at the first `=`, and ignores the bits that are left over; here every value has exactly one spelling, so that
 * no second one passes for a signature.
 */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
