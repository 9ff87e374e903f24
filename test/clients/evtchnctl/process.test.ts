import { describe, expect, it, vi } from 'vitest';
import { PROCESS_TIMEOUT_MS, runCtl } from '../support/ctl.ts';
import { startService } from '../support/service.ts';

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

describe('evtchnctl', () => {
  it('ends with status 0 when it went well, and prints nothing on stderr', async () => {
    const { grpcAddress } = await startService();

    const ended = await runCtl('ls', '1', '--address', grpcAddress);

    expect(ended).toEqual({
      status: 0,
      stdout: '   1: VCPU 0: Interdomain (Waiting connection) - Remote Domain 2\n',
      stderr: '',
    });
  });

  it('ends with status 1 and the errno when Xen answers one', async () => {
    const { grpcAddress } = await startService();
    const args = ['--address', grpcAddress, 'send', '--dom', '1', '77'];

    const [text, json] = await Promise.all([runCtl(...args), runCtl(...args, '--json')]);

    expect([text.status, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toMatch(/^evtchnctl: send \{port: 77\} by domain 1 .*EINVAL/);
    expect([json.status, json.stdout]).toEqual([1, '']);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { errno: 'EINVAL', number: 22 } });
  });

  it('says how to start a service that is not running', async () => {
    const { status, stderr } = await runCtl('--address', '127.0.0.1:1', 'machine', 'list');

    expect(status).toBe(1);
    expect(stderr).toMatch(/^evtchnctl: nothing answers at 127\.0\.0\.1:1 .*"npm start"/);
  });

  it('ends with status 2 when the command line is wrong, and says what would be right', async () => {
    const [unknown, missing, address] = await Promise.all([
      runCtl('sned'),
      runCtl('send', '7'),
      runCtl('--address', 'here', 'ls'),
    ]);

    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toContain('Did you mean send?');
    expect(missing).toMatchObject({ status: 2, stdout: '' });
    expect(missing.stderr).toContain("required option '--dom <domid>'");
    expect(address).toMatchObject({ status: 2, stdout: '' });
    expect(address.stderr).toContain('"here" is no address: give host:port');
  });

  it('helps with examples', async () => {
    const { status, stdout } = await runCtl('--help');

    expect(status).toBe(0);
    expect(stdout).toContain('evtchnctl replay test/conformance/traces');
  });
});
