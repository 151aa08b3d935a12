import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect } from '@jest/globals';
import { ADDRESS, blocksOf, expectProgramToWork } from '../support/client-programs.ts';
import { withServer } from '../support/local-server.ts';
import { itNeeding, type Requirement } from '../support/requirements.ts';

const run = promisify(execFile);

interface Language {
  readonly language: string;
  readonly file: string;
  /** The command that runs the program; without one, the program is compiled. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly needs: Requirement;
  /** The pause of the program between two attempts, and a shorter one for the test. */
  readonly wait: string;
  readonly shorter: string;
  readonly attempts: number;
  readonly read: string;
}

/**
 * Those of TypeScript run where the package is installed: tests/deployment/typescript-client-package.test.ts. `read` reads all
 * messages with the functions of the page; when it fails, it prints what it has of a problem first.
 */
const LANGUAGES: readonly Language[] = [
  {
    ...{ language: 'python', file: 'program.py', command: 'python3', args: [], needs: 'python3' },
    ...{ wait: '0.25 * 2**attempt', shorter: '0.001', attempts: 6 },
    read: `
try:
    list(messages())
except Problem as problem:
    print(problem.document)
    raise
`,
  },
  {
    ...{ language: 'go', file: 'program.go', args: [], needs: 'go' },
    ...{ wait: '250*time.Millisecond', shorter: 'time.Millisecond', attempts: 6 },
    read: `
func main() {
	err := each(url.Values{}, func(Message) {})
	var problem *Problem
	if errors.As(err, &problem) {
		fmt.Println(strings.ToLower(problem.Type))
	}
	if err != nil {
		panic(err)
	}
}
`,
  },
  {
    ...{ language: 'sh', file: 'program.sh', command: 'bash', args: ['-euo', 'pipefail'], needs: 'curl' },
    ...{ wait: '--retry 5', shorter: '--retry 1', attempts: 2 },
    read: `
messages > /dev/null || { status=$?; cat "$ANSWER"; exit "$status"; }
`,
  },
];

const JSON_TYPE = { 'Content-Type': 'application/json' };
const PROBLEM_TYPE = { 'Content-Type': 'application/problem+json' };
/** What goes wrong and stays so; `passing` is what is asked again first. */
const WRONG = [
  {
    ...{ passing: true, prints: /\/problems\/unavailable/ },
    answer: (to: ServerResponse) => to.writeHead(503, PROBLEM_TYPE).end('{"type":"/problems/unavailable"}'),
  },
  { passing: true, prints: /^/, answer: (to: ServerResponse) => to.destroy() },
  { passing: false, prints: /^/, answer: (to: ServerResponse) => to.writeHead(404, PROBLEM_TYPE).end('not JSON') },
  { passing: false, prints: /^/, answer: (to: ServerResponse) => to.writeHead(200).end('<h1>Log in</h1>') },
  { passing: false, prints: /^/, answer: (to: ServerResponse) => to.writeHead(200, JSON_TYPE).end('{}') },
];

describe('docs/clients.md', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  for (const { language, file, command, args, needs, wait, shorter, attempts, read } of LANGUAGES) {
    /** Compiled programs by their text. */
    const compiled = new Map<string, string>();

    async function compile(program: string): Promise<string> {
      const executable = path.join(folder, `program-${String(compiled.size)}`);
      await run('go', ['build', '-o', executable, file], { cwd: folder });
      compiled.set(program, executable);
      return executable;
    }

    async function execute(program: string): Promise<string> {
      writeFileSync(path.join(folder, file), program);
      const [executable, parameters] =
        command === undefined ? [compiled.get(program) ?? (await compile(program)), []] : [command, [...args, file]];
      return (await run(executable, parameters, { cwd: folder, timeout: 100_000 })).stdout;
    }

    itNeeding([needs], `has a program that works, in ${language}`, () => expectProgramToWork(language, execute));

    itNeeding(
      [needs],
      `fails when it has not sent or read, and retries only where that may help, in ${language}`,
      async () => {
        const [functions = '', use = ''] = blocksOf(language);
        expect(functions).toContain(wait);
        let requests = 0;
        let answer: (to: ServerResponse) => unknown;
        const listener: RequestListener = (_, outgoing) => (requests++, answer(outgoing));
        // One address for all, so that each program is compiled once.
        await withServer(listener, async (url) => {
          const quick = functions.replaceAll(ADDRESS, url).replace(wait, shorter);
          for (const { passing, prints, ...wrong } of WRONG) {
            ({ answer } = wrong);
            requests = 0;
            await expect(execute(quick + read)).rejects.toMatchObject({ stdout: expect.stringMatching(prints) });
            expect(requests).toBe(passing ? attempts : 1);
            await expect(execute(quick + use)).rejects.toMatchObject({ stdout: '' });
            expect(requests).toBe(passing ? 2 * attempts : 2);
          }
        });
      },
      500_000,
    ); // many programs, which have to be compiled in some languages
  }
});
