import { createHmac } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { commandLine, type CommandEnd } from '../../support/command-line.ts';

const SECRETS = {
  WEBHOOK_SECRET: 'the-webhook-secret',
  WHATSAPP_APP_SECRET: 'the-app-secret',
  STANDARD_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  TWILIO_AUTH_TOKEN: 'the-auth-token',
};
const BODY = '{"message_id":"m1","text":"H\u00e4llo"}\n';
const FORM = 'MessageSid=SM1&Body=Hi+there';

const cli = commandLine();
const file = cli.file('body.json', BODY);
afterAll(() => {
  cli.remove();
});

async function signed(args: readonly string[], body: string, environment = SECRETS): Promise<string[]> {
  const { status, stdout } = await cli.run(['sign', ...args], environment, body);
  expect(status).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .flatMap((line) => ['--header', line]);
}

const verify = (args: readonly string[], environment: Readonly<Record<string, string>> = SECRETS, body = BODY) =>
  cli.run(['verify', ...args], environment, body);

const told = ({ status, stdout }: CommandEnd): unknown => [status, JSON.parse(stdout)];

describe('verify', () => {
  it.each([
    ['webhook', BODY, 'WEBHOOK_SECRET'],
    ['whatsapp', BODY, 'WHATSAPP_APP_SECRET'],
    ['standard', BODY, 'STANDARD_WEBHOOK_SECRET'],
    ['twilio', FORM, 'TWILIO_AUTH_TOKEN'],
  ])('accepts what sign signed for %s, and nothing else', async (provider, body, variable) => {
    const headers = await signed(['-p', provider], body);
    const ended = await Promise.all([
      verify(['-p', provider, ...headers], SECRETS, body),
      verify(['-p', provider, ...headers], SECRETS, `${body}&x`),
      verify(['-p', provider, ...headers], { ...SECRETS, [variable]: '' }, body),
      verify(['-p', provider], SECRETS, body),
    ]);
    expect(ended[0]).toEqual({ status: 0, stdout: `valid: signed with ${variable}\n`, stderr: '' });
    const [, other, off, bare] = ended.map(({ status, stdout }) => [status, stdout]);
    expect(other).toEqual([1, expect.stringMatching(/^not valid: wrong_digest: /)]);
    expect(off).toEqual([1, expect.stringMatching(`^not valid: no_secret_configured: ${variable} is not set`)]);
    expect(bare).toEqual([1, expect.stringMatching(/^not valid: missing_header: give \S+/)]);
  });

  it('says that the previous secret matched while that secret is accepted', async () => {
    const headers = await signed([], BODY);
    const rotated = { WEBHOOK_SECRET: 'the-new-one', WEBHOOK_SECRET_PREVIOUS: SECRETS.WEBHOOK_SECRET };
    expect((await verify([file, ...headers], rotated)).stdout).toBe('valid: signed with WEBHOOK_SECRET_PREVIOUS\n');
    const expired = { ...rotated, WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT: '2020-01-01T00:00:00Z' };
    expect(told(await verify([file, '--json', ...headers], expired))).toEqual([
      1,
      {
        ok: false,
        error: { message: expect.stringMatching(/^not valid: wrong_digest: /) },
        valid: false,
        provider: 'webhook',
        reason: 'wrong_digest',
        diagnosis: 'previous_secret',
        advice: expect.stringContaining('previous secret, which has expired'),
      },
    ]);
  });

  it('says how old a stale timestamp is', async () => {
    const timestamp = Math.floor(Date.now() / 1_000) - 4_000;
    const headers = await signed(['-p', 'standard', '--timestamp', String(timestamp)], BODY);
    const { status, stdout } = await verify(['-p', 'standard', ...headers]);
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^not valid: stale_timestamp: .* 40\d\d s ago, /)]);
    const [, json] = told(await verify(['-p', 'standard', '--json', ...headers])) as [
      number,
      { delta_seconds: number },
    ];
    expect(json.delta_seconds).toBeLessThanOrEqual(-4_000);
    const lenient = { ...SECRETS, STANDARD_WEBHOOK_TOLERANCE_SECONDS: '86400' };
    expect((await verify(['-p', 'standard', ...headers], lenient)).status).toBe(0);
  });

  it('says that the body has one line break too many', async () => {
    const { status, stdout } = await verify([file, ...(await signed([], BODY.trimEnd()))]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/\ndiagnosis: trailing_newline: The signature fits the body with a line break more or less/);
  });

  it('says that the digest is in the wrong alphabet, or that the header has the wrong name', async () => {
    const hmac = createHmac('sha256', SECRETS.WEBHOOK_SECRET).update(BODY);
    const digest = hmac.digest();
    const ended = await Promise.all([
      verify(['-H', `X-Signature: ${digest.toString('base64')}`]),
      verify(['-H', `Signature: ${digest.toString('hex')}`]),
    ]);
    expect(ended.map(({ stdout }) => /\ndiagnosis: (\w+): /.exec(stdout)?.[1])).toEqual([
      'base64_for_hex',
      'other_header',
    ]);
  });

  it('checks the address that Twilio called, as the service knows it', async () => {
    const url = 'https://inbox.example.com/webhooks/twilio?from=here';
    const headers = await signed(['-p', 'twilio', '--url', url], FORM);
    const args = ['-p', 'twilio', ...headers];
    const behindProxy = { ...SECRETS, PUBLIC_URL: 'https://inbox.example.com' };
    const ended = await Promise.all([
      verify([...args, '--url', url], behindProxy, FORM),
      verify([...args, '--target', '/webhooks/twilio?from=here'], behindProxy, FORM),
      verify([...args, '--url', url, '--json'], SECRETS, FORM), // without a public URL, http is all that it can know
      verify([...args, '--target', 'webhooks'], behindProxy, FORM),
    ]);
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 1, 64]);
    expect(JSON.parse(ended[2].stdout)).toMatchObject({ reason: 'wrong_digest', diagnosis: 'other_url' });
  });

  it('joins a repeated header, as the service does', async () => {
    const [, right = ''] = await signed([], BODY);
    const args = ['-H', `X-Signature: ${'0'.repeat(64)}`, '-H', right, '--json'];
    expect(told(await verify(args))).toEqual([
      0,
      { ok: true, valid: true, provider: 'webhook', secret: 'current', variable: 'WEBHOOK_SECRET' },
    ]);
  });

  it('never prints a secret', async () => {
    const ended = await Promise.all([
      verify(['-H', 'X-Signature: zz']),
      verify(['--json', '-H', `X-Signature: ${'0'.repeat(64)}`]),
      cli.run(['sign', '--json'], SECRETS, BODY),
      cli.run(['doctor'], SECRETS),
    ]);
    const output = ended.map(({ stdout, stderr }) => stdout + stderr).join('');
    for (const secret of Object.values(SECRETS)) expect(output).not.toContain(secret);
  });
});
