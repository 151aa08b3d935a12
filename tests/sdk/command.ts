import { createRequire } from 'node:module';
import { Command } from 'commander';
import { SECRET, startService } from '../support/service.ts';
import { awkwardNames, GENERATORS, generate, SDK_FOLDER } from './generators.ts';
import { driveSdk } from './scenario.ts';
import type { ConnectSdk } from './sdk-client.ts';

/** `npm run sdk:check`. */

const NAMES = GENERATORS.map(({ name }) => name);
const KEY = 'a-key-for-reading-messages';
const load = createRequire(import.meta.url);

const chosen = new Command('npm run sdk:check --')
  .description('generate clients from api/openapi.yaml, compile them, and use each with a running service')
  .argument('[generators...]', `some of ${NAMES.join(', ')}`, NAMES)
  .addHelpText(
    'after',
    `\nThe clients stay in ${SDK_FOLDER}.\nExit status: 0 all are fine, 1 one is not, 64 unknown arguments.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 64))
  .parse().processedArgs[0] as string[];

for (const name of chosen) {
  const generator = GENERATORS.find((one) => one.name === name);
  if (generator === undefined) {
    console.error(`no such generator: ${name}; there are ${NAMES.join(', ')}`);
    process.exitCode = 64;
    continue;
  }
  const startedAt = performance.now();
  const service = await startService({ READ_API_KEYS: KEY, LOG_LEVEL: 'ERROR' });
  try {
    const { folder, entry } = generate(generator);
    const awkward = awkwardNames(folder);
    if (awkward.length > 0) throw new Error(`names that do not read well: ${awkward.join(', ')}`);
    const { connect } = load(entry) as { connect: ConnectSdk };
    const clients = { sdk: connect(service.url, KEY), stranger: connect(service.url, undefined), secret: SECRET };
    const requests = await driveSdk(clients);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(
      `ok    ${name}: generated, compiled, ${String(requests)} requests answered as they must be, ${seconds} s`,
    );
  } catch (error) {
    console.log(`fail  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await service.stop();
  }
}
