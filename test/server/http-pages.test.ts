import { describe, expect, it } from 'vitest';
import { connect, createDomain, must, setUpHttp } from './http-support.ts';

const MACHINE = '/v1/machines/default';
const DOMAIN = `${MACHINE}/domains/2`;

describe('GET …/pages', () => {
  it('lists what a domain shares with Xen', async () => {
    const { get, hosted } = await setUpHttp();
    must(hosted.execute({ op: 'register_vcpu_info', caller: 2, gfn: 9, offset: 64, vcpu: 1 }));
    must(hosted.execute({ op: 'init_control', caller: 2, gfn: 9, offset: 128, vcpu: 0 }));
    must(hosted.execute({ op: 'expand_array', caller: 2, gfn: 8 }));

    expect((await get(`${DOMAIN}/pages`)).body).toEqual({
      pages: [
        { gfn: 'shared_info', uses: [{ use: 'shared_info' }] },
        { gfn: 8, uses: [{ use: 'event_array', first_port: 0 }] },
        {
          gfn: 9,
          uses: [
            { use: 'control_block', vcpu: 0, offset: 128 },
            { use: 'vcpu_info', vcpu: 1, offset: 64 },
          ],
        },
      ],
    });
    expect((await get(`${DOMAIN}/pages?after=8`)).body).toMatchObject({ pages: [{ gfn: 9 }] });
    expect((await get(`${DOMAIN}/pages?limit=1`)).body).toMatchObject({
      next_after: 'shared_info',
    });
  });

  it('gives the bytes of a page as they are', async () => {
    const { app, hosted } = await setUpHttp();
    must(hosted.execute({ op: 'fill', caller: 2, gfn: 3, value: 0x64636261 }));

    const { headers, rawPayload } = await app.inject(`${DOMAIN}/pages/3`);

    expect(headers['content-type']).toBe('application/octet-stream');
    expect(new Uint8Array(rawPayload)).toEqual(hosted.machine.page(2, 3));
  });

  it.each(['0x3?format=hex', '3?format=hex'])('dumps page %s as hexdump -C does', async (page) => {
    const { get, hosted } = await setUpHttp();
    must(hosted.execute({ op: 'fill', caller: 2, gfn: 3, value: 0x64636261 }));

    expect(await get(`${DOMAIN}/pages/${page}`)).toMatchObject({
      type: 'text/plain',
      body: [
        '00000000  61 62 63 64 61 62 63 64  61 62 63 64 61 62 63 64  |abcdabcdabcdabcd|',
        '*',
        '00001000',
        '',
      ].join('\n'),
    });
  });

  it.each([
    ['text/plain', 'text/plain'],
    ['application/json', 'application/json'],
    ['*/*', 'application/octet-stream'],
    ['text/plain;q=0.2, application/json;q=0.7', 'application/json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const { get } = await setUpHttp();

    const page = await get(`${DOMAIN}/pages/shared_info`, accept);

    expect(page).toMatchObject({ status: 200, type, headers: { vary: 'accept' } });
  });
});

describe('GET …/shared-info', () => {
  it('decodes the page: runs of pending and masked ports, vcpu_info', async () => {
    const { get, hosted } = await setUpHttp();
    for (let count = 0; count < 3; count += 1) connect(hosted);
    for (const port of [0, 63, 64, 4095]) must(hosted.execute({ op: 'm_mask', caller: 2, port }));

    expect((await get(`${DOMAIN}/shared-info`)).body).toEqual({
      word_bits: 64,
      pending: [[1, 3]],
      masked: [
        [0, 0],
        [63, 64],
        [4095, 4095],
      ],
      vcpu_info: [
        { vcpu: 0, upcall_pending: 1, upcall_mask: 1, pending_sel: '0x1' },
        { vcpu: 1, upcall_pending: 0, upcall_mask: 1, pending_sel: '0x0' },
      ],
    });
  });

  it.each([
    ['pv32', 32, 1023],
    ['arm64', 64, 4095],
  ] as const)('knows the layout of a %s guest', async (guest, wordBits, lastPort) => {
    const { get, hosted } = await setUpHttp();
    createDomain(hosted, { dom: 5, guest, vcpus: 1 });
    must(hosted.execute({ op: 'm_setpend', caller: 5, port: lastPort }));

    expect((await get(`${MACHINE}/domains/5/shared-info`)).body).toMatchObject({
      word_bits: wordBits,
      pending: [[lastPort, lastPort]],
    });
  });
});
