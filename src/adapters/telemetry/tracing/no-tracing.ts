import type { Span, Tracer } from '../../../application/ports/telemetry.ts';

/** Replaces every span that is not recorded. */
export const NO_SPAN: Span = {
  context: undefined,
  recorded: false,
  rename: () => undefined,
  set: () => undefined,
  fail: () => undefined,
  link: () => undefined,
  end: () => undefined,
};

/** Traces nothing, and loads nothing of OpenTelemetry. */
export const NO_TRACING: Tracer = {
  inRequest: (_caller, work) => work(NO_SPAN),
  inSpan: (_name, work) => work(),
  active: () => NO_SPAN,
  startSpan: () => NO_SPAN,
};
