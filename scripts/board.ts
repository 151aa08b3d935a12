import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { board } from './board/board.ts';

/**
 * `npm run board`, which writes the board for Grafana, and `npm run board:check`, which fails if the written board is
 * outdated.
 */

const FILE = fileURLToPath(new URL('../deploy/observability/grafana/dashboards/webhook-inbox.json', import.meta.url));

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const text = await format(JSON.stringify(board()), { parser: 'json', printWidth: 120 });
if (!values.check) writeFileSync(FILE, text);
else if (readFileSync(FILE, 'utf8') !== text) {
  console.error(`${FILE} is not what scripts/board gives: run "npm run board"`);
  process.exitCode = 1;
}
