import { SAMPLERS } from '../../adapters/telemetry/tracing/tracing-options.ts';
import { httpHeaders, integer, keyValues, oneOf, optional, optionalEndpoint, optionalUrl, share } from './parsers.ts';
import type { Variable } from './variable.ts';

/**
 * OpenTelemetry's own names (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), and its defaults, except
 * for the endpoint: without one, tracing is disabled.
 */
export const TRACING_VARIABLES = {
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    fallback: '',
    help: 'OpenTelemetry collector that traces are sent to, such as http://localhost:4318; /v1/traces is added. None: tracing is disabled.',
    parse: optionalUrl,
  },
  otlpTracesEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    fallback: '',
    help: 'Complete URL for traces only; takes precedence over OTEL_EXPORTER_OTLP_ENDPOINT.',
    parse: optionalEndpoint,
  },
  otlpHeaders: {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    fallback: '',
    help: 'Headers that the collector requires, such as a key: name=value, separated by commas, percent-encoded.',
    parse: httpHeaders,
  },
  otlpProtocol: {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    fallback: 'http/protobuf',
    help: 'How traces are sent: only http/protobuf, which every collector accepts.',
    parse: (value) => oneOf(value, { 'http/protobuf': 'http/protobuf' } as const),
  },
  otlpTimeoutMs: {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    fallback: '10000',
    help: 'How long one export may take, in ms, including retries.',
    parse: (value) => integer(value, 1, 300_000),
  },
  otelServiceName: {
    name: 'OTEL_SERVICE_NAME',
    fallback: '',
    help: 'Name of this service in traces. None: that of OTEL_RESOURCE_ATTRIBUTES, or webhook-inbox.',
    parse: optional,
  },
  otelResourceAttributes: {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    fallback: '',
    help: 'Further attributes of this process in traces: name=value, separated by commas, percent-encoded.',
    parse: keyValues,
  },
  otelTracesSampler: {
    name: 'OTEL_TRACES_SAMPLER',
    fallback: 'parentbased_always_on',
    help: 'Which traces are recorded: always_on, always_off, traceidratio, or one of these after parentbased_, which follows the decision of the caller.',
    parse: (value) => oneOf(value, Object.fromEntries(SAMPLERS.map((name) => [name, name]))),
  },
  otelTracesSamplerArg: {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    fallback: '1',
    help: 'Share of the traces that traceidratio records, from 0 to 1.',
    parse: share,
  },
  otelSdkDisabled: {
    name: 'OTEL_SDK_DISABLED',
    fallback: 'false',
    help: 'Disables tracing, whatever else is set: true or false.',
    parse: (value) => oneOf(value.toLowerCase(), { true: true, false: false }),
  },
} satisfies Readonly<Record<string, Variable<unknown>>>;
