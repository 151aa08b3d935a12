import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseEnvFile } from '../../../src/infrastructure/config/env-file/parse.ts';

const OURS = ['WEBHOOK_SECRET', 'READ_API_KEYS', 'LOG_LEVEL'];

function parsed(content: string | Uint8Array) {
  const { assignments, faults } = parseEnvFile(Buffer.from(content as string), (name) => OURS.includes(name));
  return { values: Object.fromEntries(assignments.map(({ name, value }) => [name, value])), faults };
}

const bytes = (text: string, encoding: BufferEncoding): Buffer => Buffer.from(text, encoding);

describe('.env', () => {
  it.each<[string, string | Uint8Array, Record<string, string>]>([
    ['CR LF', 'A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['no line end', 'A=1', { A: '1' }],
    ['nothing', '', {}],
    ['comments and empty lines', '# A=0\n\n  # B\n\t\nA=1', { A: '1' }],
    ['quotes of all kinds', `A="a # b"\nB='a "b" \\n'\nC=\`it's "c"\``, { A: 'a # b', B: 'a "b" \\n', C: `it's "c"` }],
    ['export', 'export A=1\nexport\tB=2\n export  C = 3', { A: '1', B: '2', C: '3' }],
    ['spaces around =', ' A = a b \n B\t=\t2\t', { A: 'a b', B: '2' }],
    ['comments after values', `A=1 # x\nB="2" # x\nC='3'\t# x\nD= # x`, { A: '1', B: '2', C: '3', D: '' }],
    ['the last of two', 'A=1\nA=2', { A: '2' }],
    ['an empty value', "A=\nB=''\nC=", { A: '', B: '', C: '' }],
    ['a byte order mark', bytes('\u{feff}A=1\nB=2', 'utf8'), { A: '1', B: '2' }],
    ['UTF-8', 'A=ü😀\n', { A: 'ü😀' }],
    ['several lines in quotes', `A="1\n2"\r\nB='\r\n x=3\r\n'\nC=4`, { A: '1\n2', B: '\n x=3\n', C: '4' }],
    ['an escaped line end in double quotes', 'A="1\\n2"', { A: '1\n2' }],
    ['signs in the middle', `A=a=b:c\nB=it's\nC=a$1$\nD=C:\\x`, { A: 'a=b:c', B: "it's", C: 'a$1$', D: 'C:\\x' }],
    ['a dollar sign in single quotes', "A='${B}$C'", { A: '${B}$C' }],
  ])('accepts %s', (_, content, values) => {
    expect(parsed(content)).toEqual({ values, faults: [] });
  });

  it.each<[string, string | Uint8Array, number | null, string]>([
    ['UTF-16', bytes('\u{feff}A=1\n', 'utf16le'), null, 'UTF-16'],
    ['UTF-16 with the other order', bytes('\u{feff}A=1\n', 'utf16le').swap16(), null, 'UTF-16'],
    ['UTF-16 without a mark', bytes('A=1\n', 'utf16le'), null, 'UTF-16'],
    ['Latin-1', bytes('A=1\nB=ü\n', 'latin1'), 2, 'UTF-8'],
    ['half of a character', Buffer.of(0x41, 0x3d, 0xf0, 0x9f), 1, 'UTF-8'],
    ['NUL', 'A=1\nB=a\0b', 2, 'NUL'],
    ['CR alone', 'A=1\rB=2\r', 1, 'CR'],
    ['CR within a value', 'A=1\nB="a\rb"\n', 2, 'CR'],
    ['a colon', 'A: 1', 1, 'colon'],
    ['a colon after a space', 'A : 1', 1, 'colon'],
    ['no =', 'A=1\nB', 2, '='],
    ['no = after a name', 'A 1', 1, '='],
    ['export alone', 'export A', 1, '='],
    ['no name', '=1', 1, 'name'],
    ['a name that begins with a digit', '1A=1', 1, 'name'],
    ['a hyphen in a name', 'A-B=1', 1, '='],
    ['a mark in the middle of the file', 'A=1\n\u{feff}B=2', 2, 'name'],
    ['a space without a break', 'A\u{a0}=1', 1, 'invisible'],
    ['an invisible character in a value', 'A=a\u{200b}b', 1, 'invisible'],
    ['a line separator in a value', 'A=a\u{2028}B=b', 1, 'invisible'],
    ['an escaped quotation mark', 'A="ab\\"cd"', 1, 'backslash'],
    ['an escape that Compose replaces', 'A="a\\tb"', 1, 'backslash'],
    ['a quotation mark that is not closed', 'A=1\nB="ab', 2, 'not closed'],
    ['an apostrophe that is not closed', "A='ab\n\n", 1, 'not closed'],
    ['a setting in a quoted value', "A='ab\nREAD_API_KEYS=x\nB='", 1, 'READ_API_KEYS'],
    ['an exported setting in a quoted value', 'A="ab\n export LOG_LEVEL = x\n"', 1, 'LOG_LEVEL'],
    ['text after the closing mark', 'A="ab"cd', 1, 'after the closing'],
    ['a second quotation', `A='ab' 'cd'`, 1, 'after the closing'],
    ['a comment right after the closing mark', 'A="ab"#cd', 1, 'after the closing'],
    ['a closing mark alone', 'A=ab"', 1, 'ends with a quotation mark'],
    ['typographic marks', 'A=“ab”', 1, 'typographic'],
    ['# in a value', 'A=ab#cd', 1, '#'],
    ['# at the start of a value', 'A=#cd', 1, '#'],
    ['a reference', 'A=a$B', 1, '$'],
    ['a reference in braces', 'A="a${B}"', 1, '$'],
    ['a continued line', 'A=ab\\\ncd', 1, 'backslash'],
  ])('rejects %s', (_, content, line, reason) => {
    const [fault] = parsed(content).faults;
    expect(fault).toEqual({ line, reason: expect.stringContaining(reason) });
  });

  it('keeps the assignments around a line that it rejects, and their numbers', () => {
    const content = 'A=1\nB="1\n2"\nC: 3\nD=4\nE=“5”\n';
    const { values, faults } = parsed(content);
    expect(values).toEqual({ A: '1', B: '1\n2', D: '4' });
    expect(faults.map(({ line }) => line)).toEqual([4, 6]);
  });

  const piece = fc.constantFrom(
    ...['A', 'LOG_LEVEL', '=', '= ', ' ', '\t', '#', ' # ', '"', "'", '`', '\\', '\\n', '$', '{', ':', 'export '],
    ...['x', 'ü', '\n', '\r\n', '\r', '\u{a0}', '-', '1', '\u{feff}'],
  );
  const content = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

  it('reads whatever it accepts as Node does', () => {
    fc.assert(
      fc.property(content, (text) => {
        const { values, faults } = parsed(text);
        if (faults.length > 0) return;
        // Node takes some indented comments for names, and drops some empty values.
        const named = (entries: object) =>
          Object.entries(entries).filter(([name, value]) => /^\w+$/.test(name) && value !== '');
        expect(named(values)).toEqual(named(parseEnv(text.replace(/^\u{feff}/u, ''))));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never repeats a value in what it says', () => {
    fc.assert(
      fc.property(content, fc.nat(25), (text, at) => {
        const { faults } = parsed(`${text.slice(0, at)}q7q7q7${text.slice(at)}`);
        for (const { reason } of faults) expect(reason).not.toContain('q7q7q7');
      }),
    );
  });

  it('accepts every value without an apostrophe in single quotes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).map((value) => value.replace(/['\0\r\n]/g, '')),
        (value) => {
          expect(parsed(`A='${value}'\nB=1`)).toEqual({ values: { A: value, B: '1' }, faults: [] });
        },
      ),
    );
  });
});
