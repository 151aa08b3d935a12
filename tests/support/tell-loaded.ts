import { registerHooks } from 'node:module';

/** For a process to preload (`--import`): reports on stderr each package of OpenTelemetry that it loads, in any thread. */
registerHooks({
  load(url, context, next) {
    const [, name] = /\/node_modules\/(@opentelemetry\/[\w-]+)\//.exec(url) ?? [];
    if (name !== undefined) process.stderr.write(`loaded ${name}\n`);
    return next(url, context);
  },
});
