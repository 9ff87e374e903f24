import { describe, expect, it } from 'vitest';
import { Machine } from '../../core/index.ts';
import { PORTS_SCANNED_MAX } from '../../server/http/limits.ts';
import { connect, createDomain, must, send, setUpHttp } from './http-support.ts';

const MACHINE = '/v1/machines/default';
const DOMAIN = `${MACHINE}/domains/2`;

describe('GET /', () => {
  it('lists what there is, as JSON or as a page', async () => {
    const { get } = await setUpHttp();

    const json = await get('/');
    const html = await get('/', 'text/html,application/xhtml+xml,*/*;q=0.8');

    expect(json.body).toMatchObject({ name: 'evtchnd', machines: { default: MACHINE } });
    expect(html.type).toBe('text/html');
    expect(html.body).toContain(`<a href="${MACHINE}/debug-keys/e">`);
  });
});

describe('GET /healthz, /readyz', () => {
  it('answers', async () => {
    const { get } = await setUpHttp();

    expect(await get('/healthz')).toMatchObject({ status: 200, body: { version: '0.0.0-test' } });
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  it('is not ready while the server drains, but alive', async () => {
    const { get, setReadiness } = await setUpHttp();

    setReadiness('draining');

    expect(await get('/readyz')).toMatchObject({
      status: 503,
      type: 'application/problem+json',
      body: { type: 'urn:evtchnd:problem:not_ready', detail: expect.stringContaining('draining') },
    });
    expect(await get('/healthz')).toMatchObject({ status: 200 });
  });
});

describe('GET /v1/machines', () => {
  it('lists machines by name, page by page', async () => {
    const { get, registry } = await setUpHttp();
    for (const name of ['b', 'a']) registry.add(name, Machine.create());

    const first = await get('/v1/machines?limit=2');
    const last = await get('/v1/machines?limit=2&after=b');

    expect(first.body).toMatchObject({
      machines: [{ name: 'a' }, { name: 'b' }],
      next_after: 'b',
    });
    expect(last.body).toMatchObject({ machines: [{ name: 'default', domains: 3, xen: '4.22' }] });
    expect(last.body).not.toHaveProperty('next_after');
  });

  it('shows one machine', async () => {
    const { get } = await setUpHttp();

    expect(await get(MACHINE)).toMatchObject({
      status: 200,
      body: {
        name: 'default',
        ops: 3,
        effects: { first_sequence: 1, last_sequence: 3 },
        journal_complete: true,
      },
    });
  });
});

describe('GET …/domains', () => {
  it('lists domains by domid, page by page', async () => {
    const { get } = await setUpHttp();

    const first = await get(`${MACHINE}/domains?limit=2`);
    const last = await get(`${MACHINE}/domains?limit=2&after=1`);

    expect(first.body).toMatchObject({ domains: [{ dom: 0 }, { dom: 1 }], next_after: 1 });
    expect(last.body).toMatchObject({ domains: [{ dom: 2 }] });
    expect(last.body).not.toHaveProperty('next_after');
  });

  it('shows one domain, in the words of Xen', async () => {
    const { get, hosted } = await setUpHttp();
    connect(hosted);

    expect((await get(DOMAIN)).body).toEqual({
      dom: 2,
      guest: 'pv64',
      privileged: false,
      abi: '2l',
      vcpus: 2,
      max_evtchn_port: 1023,
      valid_ports: 64,
      active_ports: 1,
      xen_ports: 0,
      ports_max: hosted.machine.domain(2)!.portsMax,
      pause_count: 0,
      dying: false,
      pages: 160,
      array_pages: 0,
      virq_handler_of: [],
    });
  });
});

describe('GET …/ports', () => {
  it('shows both sides of a channel', async () => {
    const { get, hosted } = await setUpHttp();
    const port = connect(hosted);

    expect((await get(`${DOMAIN}/ports`)).body).toEqual({
      ports: [
        {
          port,
          state: 'interdomain',
          vcpu: 0,
          pending: true,
          masked: false,
          xen_consumer: false,
          remote_dom: 1,
          remote_port: port,
        },
      ],
    });
    expect((await get(`${MACHINE}/domains/1/ports/${port}`)).body).toMatchObject({
      pending: false,
      remote_dom: 2,
    });
  });

  it('shows a free port when it is asked for by number', async () => {
    const { get } = await setUpHttp();

    expect((await get(`${DOMAIN}/ports/5`)).body).toMatchObject({ port: 5, state: 'free' });
  });

  it('shows what the FIFO ABI adds', async () => {
    const { get, hosted } = await setUpHttp();
    const port = connect(hosted);
    must(hosted.execute({ op: 'init_control', caller: 2, gfn: 7, offset: 0, vcpu: 0 }));
    must(hosted.execute({ op: 'expand_array', caller: 2, gfn: 8 }));
    send(hosted, port);

    expect((await get(`${DOMAIN}/ports/${port}`)).body).toMatchObject({
      pending: true,
      fifo: { priority: 7, linked: true, word: '0xa0000000' },
    });
    expect((await get(`${DOMAIN}/vcpus/0`)).body).toMatchObject({
      control_block: { gfn: 7, offset: 0, ready: '0x80' },
    });
  });

  it.each([
    ['state=virq', [2]],
    ['state=interdomain', [1]],
    ['pending=true', [1]],
    ['pending=false&state=virq', [2]],
    ['masked=true', [2]],
    ['masked=false', [1]],
  ])('keeps only ports with %s', async (filter, ports) => {
    const { get, hosted } = await setUpHttp();
    connect(hosted);
    must(hosted.execute({ op: 'bind_virq', caller: 2, virq: 0, vcpu: 0 }));
    must(hosted.execute({ op: 'm_mask', caller: 2, port: 2 }));

    const { body } = await get(`${DOMAIN}/ports?${filter}`);

    expect((body as { ports: { port: number }[] }).ports.map(({ port }) => port)).toEqual(ports);
  });

  it('pages by a cursor that ports bound meanwhile do not move', async () => {
    const { get, hosted } = await setUpHttp();
    for (let count = 0; count < 5; count += 1) connect(hosted);
    must(hosted.execute({ op: 'close', caller: 2, port: 2 }));

    const first = await get(`${DOMAIN}/ports?limit=2`);
    connect(hosted);
    const second = await get(`${DOMAIN}/ports?limit=2&after=3`);

    expect(first.body).toMatchObject({ ports: [{ port: 1 }, { port: 3 }], next_after: 3 });
    expect(second.body).toMatchObject({ ports: [{ port: 4 }, { port: 5 }] });
  });

  it('looks at a bounded number of ports, and says where to go on', async () => {
    const { get, hosted } = await setUpHttp();
    createDomain(hosted, { dom: 3, maxEvtchnPort: 131_071 });
    must(hosted.execute({ op: 'init_control', caller: 3, gfn: 7, offset: 0, vcpu: 0 }));
    const bindIpi = { op: 'bind_ipi', caller: 3, vcpu: 0 } as const;
    for (let bound = 0; bound < PORTS_SCANNED_MAX; bound += 1) must(hosted.execute(bindIpi));
    const { port } = must(hosted.execute({ op: 'bind_virq', caller: 3, virq: 0, vcpu: 0 }));

    const first = await get(`${MACHINE}/domains/3/ports?state=virq`);
    const second = await get(`${MACHINE}/domains/3/ports?state=virq&after=${PORTS_SCANNED_MAX}`);

    expect(first.body).toEqual({ ports: [], next_after: PORTS_SCANNED_MAX });
    expect(second.body).toMatchObject({ ports: [{ port }] });
  });
});

describe('GET …/vcpus', () => {
  it('lists vCPUs; a 64-bit selector is text', async () => {
    const { get, hosted } = await setUpHttp();
    const sel = { op: 'm_sel', caller: 2, vcpu: 1, lo: 1, hi: 0x8000_0000 } as const;
    must(hosted.execute(sel));

    expect((await get(`${DOMAIN}/vcpus?after=0`)).body).toEqual({
      vcpus: [
        {
          vcpu: 1,
          up: false,
          upcall_pending: false,
          upcall_mask: true,
          pending_sel: '0x8000000000000001',
          vcpu_info: { gfn: 'shared_info', offset: 64 },
          virqs: [],
        },
      ],
    });
  });

  it('shows what a vCPU asleep in SCHEDOP_poll waits for', async () => {
    const { get, hosted } = await setUpHttp();
    const port = connect(hosted);
    must(hosted.execute({ op: 'm_clrpend', caller: 2, port }));
    const poll = { op: 'sched_poll', caller: 2, nrPorts: 1, timeout: 0, ports: [port] } as const;
    must(hosted.execute(poll));

    expect((await get(`${DOMAIN}/vcpus/0`)).body).toMatchObject({ poll: { port } });
  });
});

describe('GET …/debug-keys/e', () => {
  it('shows all domains as the machine prints them', async () => {
    const { get, hosted } = await setUpHttp();
    connect(hosted);

    expect(await get(`${MACHINE}/debug-keys/e`)).toMatchObject({
      type: 'text/plain',
      body: hosted.machine.debugKeyE(),
    });
  });

  it('shows one domain', async () => {
    const { get, hosted } = await setUpHttp();
    connect(hosted);

    const { body } = await get(`${DOMAIN}/debug-keys/e`);

    expect(body).toBe(hosted.machine.debugKeyE(2));
    expect(body).toContain('s=3 n=0 x=0 d=1 p=1');
  });
});

describe('GET …/journal', () => {
  it('downloads a journal that gives the machine again', async () => {
    const { get, hosted } = await setUpHttp();
    connect(hosted);

    const { body, headers } = await get(`${MACHINE}/journal`);

    expect(headers['content-disposition']).toBe('attachment; filename="default.journal.jsonl"');
    expect(Machine.replay(String(body)).stateHash()).toBe(hosted.machine.stateHash());
  });
});
