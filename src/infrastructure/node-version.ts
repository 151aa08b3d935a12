const MINIMUM = [22, 15] as const;

/** Ends the process with a clear message if Node is too old for the SQLite addon or for OpenTelemetry. */
export function requireSupportedNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return;
  process.stderr.write(
    `webhook-inbox needs Node ${MINIMUM.join('.')} or newer; this is ${version}. ` +
      'npm scripts bring their own: use `npm start` or `make run`.\n',
  );
  process.exit(1);
}
