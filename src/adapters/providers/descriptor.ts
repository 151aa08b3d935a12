import type { Clock } from '../../application/ports/time.ts';
import type { MessageId, Msisdn } from '../../domain/message.ts';
import type { Provider } from '../../domain/provider.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import type { NewMessage, NewUpdate, Payload } from '../../domain/update.ts';
import type { SignatureScheme } from '../signature/scheme.ts';
import type { ProviderSettings, SecretVariable, Settings } from './settings.ts';

/** A delivery with a valid signature, as a mapper reads it. */
export interface SignedDelivery {
  readonly provider: Provider;
  readonly payload: Payload;
  readonly receivedAt: Timestamp;
  /** The sender's id of the delivery, if the signature covers one. */
  readonly deliveryId?: string | undefined;
}

/** What a signature scheme needs from the service. */
export interface SchemeContext {
  readonly clock: Clock;
  /** Public address of the service, without a trailing slash; undefined if clients reach it directly. */
  readonly publicUrl: string | undefined;
}

/** A request to sign as the provider would. */
export interface Signable {
  readonly body: Uint8Array;
  /** The address that is configured at the provider. */
  readonly url: string;
  readonly id: string;
  readonly timestampSeconds: number;
}

/** A message to write in the provider's format. */
export interface SampleMessage {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly sentAt: Timestamp;
  readonly text: string;
}

interface Basics<S extends Settings> {
  /** The provider's name in the store, in the log and on the command line; the key in the registry. */
  readonly name: string;
  /** The provider's name in documentation. */
  readonly title: string;
  /** The path of the contract that the provider posts to. */
  readonly path: string;
  readonly operationId: string;
  /** The security scheme of the contract. */
  readonly securityScheme: string;
  /** The media types of the contract. Samples are in the first one. */
  readonly mediaTypes: readonly [string, ...string[]];
  readonly signature: {
    readonly headers: readonly [string, ...string[]];
    readonly algorithm: string;
    /** What the signature covers: the body alone, the body with an id and a time, or the body with the address. */
    readonly covers: 'body' | 'id-and-time' | 'address';
  };
  readonly secret: SecretVariable;
  /** A scheme that covers a time reads `toleranceSeconds`. */
  readonly settings: S;
  /** The header of the delivery id. A delivery whose id cannot be stored is answered with 422. */
  readonly deliveryIdHeader?: string;
  /** Whether a message id of this provider contains the number of its sender or recipient, for ids that can contain one. */
  readonly idNames?: (messageId: MessageId, number: Msisdn) => boolean;
  /** How signatures are verified. Without a secret the scheme rejects every delivery. */
  scheme(settings: ProviderSettings<S>, context: SchemeContext): SignatureScheme;
  /** The headers that prove to {@link scheme} that the holder of the secret sent the request. */
  readonly sign: (secret: string, request: Signable) => Readonly<Record<string, string>>;
  /** The body in which the provider would send a message. */
  readonly sample: (message: SampleMessage) => string;
}

/** A provider whose deliveries contain one message each. The reply names its outcome in `X-Message-Result`. */
interface OneMessage<Body extends object> {
  message(body: Body, delivery: SignedDelivery): NewMessage;
}

/** A provider whose deliveries contain any number of updates. */
interface ManyUpdates<Body extends object> {
  updates(body: Body, delivery: SignedDelivery): readonly NewUpdate[];
  /** The reply to a stored delivery: JSON with the number of updates per outcome, or always the same text. */
  readonly reply: 'outcomes' | { readonly mediaType: string; readonly body: string };
}

/**
 * Everything that the service knows about one provider. HTTP, the command line, the configuration and the documentation
 * read it from here. `Body` is the parsed body after the contract has validated it.
 */
export type ProviderDescriptor<Body extends object = object, S extends Settings = Settings> = Basics<S> &
  (OneMessage<Body> | ManyUpdates<Body>);
