/** Twilio sends about thirty. The number is limited, because they are sorted before the signature is verified. */
const MAX_PARAMETERS = 1000;
const AMPERSAND = 0x26;

/** How Twilio names parameters: `MessageSid`, `MediaContentType0`, `MessagingBinding.Address`, `SipHeader_X-Caller`. */
const NAME = /^[A-Za-z][A-Za-z0-9]*(?:[._][\w.-]*)?$/;
/** The parameters that hold the id of the message. */
const ID_NAMES = ['MessageSid', 'SmsMessageSid'];
/** Every place of a signed text that can be read as the id of a message (https://www.twilio.com/docs/glossary/what-is-a-sid). */
const IDS = /MessageSid(?=((?:SM|MM)[0-9A-Fa-f]{32}))/g;

type Parameters = ReadonlyMap<string, ReadonlySet<string>>;

export function hasTooManyParameters(body: Uint8Array): boolean {
  let count = 1;
  for (const byte of body) if (byte === AMPERSAND) count++;
  return count > MAX_PARAMETERS;
}

/** The text that Twilio signs after the address: name and value of each parameter, by name; the values of a repeated name once each, sorted. */
export function signedText(body: Uint8Array): string {
  return textOf(parametersOf(body));
}

/**
 * Why a form with a valid signature may not be the one that Twilio signed, in words; null if it names the same message in any case.
 *
 * The signed text has no separators, so other forms have the same one: a person who saw a request can cut its text elsewhere, and the
 * person who wrote the message decided a part of it. But the ids in the text stay the same. So the text must contain the id of one
 * message only, and the form must name that message. A form without such an id does not come from Twilio, or is about no message.
 */
export function formFault(body: Uint8Array): string | null {
  const parameters = parametersOf(body);
  if ([...parameters.keys()].some((name) => !NAME.test(name))) return 'a parameter has a name that Twilio does not use';
  const inText = new Set(Array.from(textOf(parameters).matchAll(IDS), ([, id = '']) => id));
  if (inText.size === 0) return null;
  if (inText.size > 1) return 'the parameters can be read as those of another message';
  const named = ID_NAMES.flatMap((name) => [...(parameters.get(name) ?? [])]).filter((id) => id !== '');
  return named.length > 0 && named.every((id) => inText.has(id)) ? null : 'MessageSid is not the id that was signed';
}

function textOf(parameters: Parameters): string {
  // By UTF-16 units, as Twilio's libraries compare, not by any language's alphabet.
  const names = [...parameters.keys()].sort();
  return names.flatMap((name) => [...(parameters.get(name) ?? [])].sort().map((value) => name + value)).join('');
}

function parametersOf(body: Uint8Array): Parameters {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(Buffer.from(body).toString())) {
    byName.set(name, (byName.get(name) ?? new Set()).add(value));
  }
  return byName;
}
