import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ctl, ctlJson } from '../support/ctl.ts';
import { errorOf, outcomeOf } from '../support/errors.ts';
import { startService } from '../support/service.ts';

const start = async (): Promise<string> => (await startService()).grpcAddress;

function tempFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'evtchnctl-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
}

describe('ls', () => {
  it('prints ports as lsevtchn does', async () => {
    const at = await start();
    await ctl(at, 'bind-interdomain', '--dom', '2', '1', '1');
    await ctl(at, 'alloc-unbound', '--dom', '2', '0');
    await ctl(at, 'bind-virq', '--dom', '2', 'timer', '1');
    await ctl(at, 'bind-ipi', '--dom', '2', '3');
    await ctl(at, 'domain', 'map-pirq', '2', '9', '20');
    await ctl(at, 'bind-pirq', '--dom', '2', '20');

    expect(await ctl(at, 'ls', '2')).toBe(
      [
        '   1: VCPU 0: Interdomain (Connected) - Remote Domain 1, Port 1',
        '   2: VCPU 0: Interdomain (Waiting connection) - Remote Domain 0',
        '   3: VCPU 1: Virtual IRQ 0',
        '   4: VCPU 3: IPI',
        '   5: VCPU 0: Physical IRQ 20',
      ].join('\n'),
    );
    expect(await ctl(at, 'ls')).toBe('');
    expect((await ctlJson(at, 'ls', '2'))[0]).toMatchObject({ port: 1, remotePort: 1 });
  });
});

describe('a hypercall', () => {
  it('is a command whose arguments are named as Xen names them', async () => {
    const at = await start();

    expect(await ctl(at, 'alloc-unbound', '--dom', '1', '2')).toBe('port 2');
    expect(await ctlJson(at, 'alloc-unbound', '--dom', '0', '--of', '1', '2')).toEqual([
      { port: 3 },
    ]);
    expect(await ctl(at, 'bind-interdomain', '--dom', '2', '1', '2')).toBe('port 1');
    expect(await ctl(at, 'send', '--dom', '2', '1')).toBe('done');
    expect(await ctl(at, 'status', '--dom', '0', '--of', '2', '1')).toBe(
      '   1: VCPU 0: Interdomain (Connected) - Remote Domain 1, Port 2',
    );
    expect(await ctl(at, 'unmask', '--dom', '1', '2')).toBe('done');
    expect(await ctl(at, 'bind-vcpu', '--dom', '1', '2', '1')).toBe('done');
    expect(await ctlJson(at, 'close', '--dom', '1', '2')).toEqual([{ ok: true }]);
  });

  it('changes a domain to the FIFO ABI and back', async () => {
    const at = await start();
    await ctl(at, 'bind-ipi', '--dom', '1', '0');

    expect(await ctl(at, 'init-control', '--dom', '1', '0', '0', '0')).toBe('link_bits 17');
    expect(await ctl(at, 'expand-array', '--dom', '1', '0x1')).toBe('done');
    expect(await ctl(at, 'set-priority', '--dom', '1', '2', '3')).toBe('done');
    expect(await ctl(at, 'send', '--dom', '1', '2')).toBe('done');
    expect(await ctl(at, 'e', '1')).toContain('       2 [1/0/  0   ]: s=6 n=0 x=0');
    expect(await ctl(at, 'reset', '--dom', '1')).toBe('done');
    expect(await ctlJson(at, 'domain', 'show', '1')).toMatchObject([{ abi: '2l' }]);
  });

  it('sleeps in SCHEDOP_poll on one vCPU while another one acts', async () => {
    const at = await start();
    await ctl(at, 'bind-ipi', '--dom', '1', '0');

    expect(await ctl(at, 'sched-poll', '--dom', '1', '--timeout', '1000', '2')).toBe('blocked');
    expect(await ctl(at, 'poll-join', '--dom', '1')).toBe('blocked');
    expect(await ctl(at, 'machine', 'clock', '1000')).toBe('1000 ns');
    expect(await ctl(at, 'poll-join', '--dom', '1')).toBe('not blocked');
    expect(await ctl(at, 'send', '--dom', '1', '--vcpu', '1', '2')).toBe('done');
  });

  it('registers a vcpu_info, and puts vCPUs down and up', async () => {
    const at = await start();

    expect(await ctl(at, 'register-vcpu-info', '--dom', '1', '3', '64', '1')).toBe('done');
    expect(await ctl(at, 'vcpu-down', '--dom', '1', '1')).toBe('done');
    expect(await ctl(at, 'vcpu-up', '--dom', '1', '1')).toBe('done');
    expect(await outcomeOf(ctl(at, 'evtchn-op', '--dom', '1', '99'))).toBe('ENOSYS');
  });
});

describe('domain', () => {
  it('does what the toolstack does', async () => {
    const at = await start();

    expect(await ctl(at, 'domain', 'create', '--guest', 'hvm64', '--vcpus', '2')).toBe('domain 3');
    await ctl(at, 'domain', 'set-target', '1', '3');
    await ctl(at, 'domain', 'ioreq', '3', '--caller', '1');
    await ctl(at, 'domain', 'set-virq-handler', '2', 'dom_exc');
    await ctl(at, 'domain', 'pause', '2');
    await ctl(at, 'domain', 'raise-virq', '1', 'timer', '1');
    await ctl(at, 'domain', 'raise-pirq', '1', '9');
    await ctl(at, 'domain', 'raise-debug');

    const list = await ctl(at, 'domain', 'list');
    expect(list).toMatch(/^DOM +GUEST +ABI/);
    expect(list).toMatch(/^0 +pv64, privileged +2l/m);
    expect(list).toMatch(/^2 .*paused 1x/m);
    expect(list).toMatch(/^3 +hvm64 +2l +2 +2 /m);
    expect(await ctlJson(at, 'domain', 'list')).toHaveLength(4);

    await ctl(at, 'domain', 'unpause', '2');
    await ctl(at, 'domain', 'destroy', '2');
    expect(await ctlJson(at, 'domain', 'list')).toHaveLength(3);
    expect(await outcomeOf(ctl(at, 'domain', 'pause', '1', '--caller', '1'))).toBe('EPERM');
  });

  it('shows a domain with its vCPUs', async () => {
    const at = await start();

    expect(await ctl(at, 'domain', 'show', '1')).toMatch(/maxEvtchnPort +1023[^]*^3 +yes +no/m);
    const [view] = await ctlJson(at, 'domain', 'show', '1');
    expect(view).toMatchObject({ dom: 1, vcpuList: [{ vcpu: 0, pendingSel: '0x0' }, {}, {}, {}] });
  });
});

describe('machine', () => {
  it('makes, forks, snapshots, restores and deletes machines', async () => {
    const at = await start();
    const file = tempFile('lab.json');

    await ctl(at, 'machine', 'create', 'lab', '--xen', '4.17', '--guests', '1');
    await ctl(at, '--machine', 'lab', 'machine', 'fork', 'copy');
    await ctl(at, '--machine', 'lab', 'machine', 'snapshot', '-o', file);
    await ctl(at, 'machine', 'restore', 'again', file);

    expect(JSON.parse(readFileSync(file, 'utf8'))).toBeTypeOf('object');
    expect(await ctl(at, 'machine', 'list')).toMatch(/^again +4\.17 +0 1 /m);
    await ctl(at, 'machine', 'delete', 'copy');
    const names = (await ctlJson(at, 'machine', 'list')) as { name: string }[];
    expect(names.map(({ name }) => name)).toEqual(['again', 'default', 'lab']);
    expect(await ctlJson(at, 'machine', 'show', 'lab')).toMatchObject([{ xen: '4.17' }]);
  });

  it('checks the invariants, and tells the journal', async () => {
    const at = await start();
    const file = tempFile('journal.jsonl');

    await ctl(at, 'machine', 'journal', '-o', file);

    expect(readFileSync(file, 'utf8')).toContain('alloc_unbound');
    expect(await ctl(at, 'machine', 'check')).toMatch(/^state [0-9a-f]{16}: 0 violations$/);
  });
});

describe('e', () => {
  it("prints what Xen's debug key prints", async () => {
    const at = await start();

    expect(await ctl(at, 'e', '1')).toBe(
      [
        "'e' pressed -> dumping event-channel info",
        'Event channel information for domain 1:',
        'Polling vCPUs: {}',
        '    port [p/m/s]',
        '       1 [0/0/0]: s=2 n=0 x=0 d=2',
      ].join('\n'),
    );
    expect(await ctlJson(at, 'e')).toMatchObject([{ dom: 0 }, { dom: 1 }, { dom: 2 }]);
  });
});

describe('page', () => {
  it('dumps a page, equal lines once', async () => {
    const at = await start();
    await ctl(at, 'bind-ipi', '--dom', '1', '0');
    await ctl(at, 'send', '--dom', '1', '2');

    const lines = (await ctl(at, 'page', '1')).split('\n');

    expect(lines).toContain(
      '00000800  04 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|',
    );
    expect(lines.at(-2)).toBe('*');
    expect(lines.at(-1)).toBe('00001000');
    const [page] = (await ctlJson(at, 'page', '1', '0')) as { page: number; hex: string }[];
    expect(page).toMatchObject({ page: 0, hex: '00'.repeat(4096) });
  });
});

describe('watch', () => {
  it('tells effects, and ends after --count', async () => {
    const at = await start();

    const text = await ctl(at, 'watch', '--from', '1', '--dom', '1', '--count', '2');

    expect(text).toMatch(
      /^ +2 +op 2 +domain_created +dom 1 {2}4 vcpus\n +4 .*bound +dom 1 .*unbound$/,
    );
    expect(await ctlJson(at, 'watch', '--from', '1', '--kind', 'bound', '--count', '1')).toEqual([
      { kind: 'bound', sequence: 4, op: 4, dom: 1, vcpu: 0, port: 1, detail: 1 },
    ]);
  });

  it('tells upcalls of a domain', async () => {
    const at = await start();
    await ctl(at, 'bind-ipi', '--dom', '1', '3');
    await ctl(at, 'send', '--dom', '1', '2');

    expect(await ctl(at, 'watch', '--upcalls', '1', '--count', '1')).toBe(
      'upcall on vcpu 3, pending already, masked',
    );
  });
});

describe('trace export', () => {
  it('writes a history that replays without a difference', async () => {
    const at = await start();
    const file = tempFile('mine.jsonl');
    await ctl(at, 'send', '--dom', '1', '1');

    await ctl(at, 'trace', 'export', '-o', file);

    expect(await ctl(at, 'replay', file)).toMatch(/^1 traces, \d+ ops, 0 differences$/);
    expect(await ctl(at, 'replay', '--local', file)).toMatch(/^1 traces, \d+ ops, 0 differences$/);
  });
});

describe('a wrong argument', () => {
  it.each([
    ['send', '--dom', '1', 'one'],
    ['send', '--dom', 'nobody', '1'],
    ['send', '--dom', '1', '4294967296'],
    ['bind-virq', '--dom', '1', 'tick'],
    ['expand-array', '--dom', '1', 'here'],
    ['watch', '--kind', 'nothing'],
  ])('is a matter of usage: %s %s %s %s', async (...args) => {
    const error = await errorOf(ctl('127.0.0.1:1', ...args));

    expect(error).toMatchObject({ code: 'commander.invalidArgument' });
  });
});
