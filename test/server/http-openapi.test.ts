import { describe, expect, it } from 'vitest';
import { setUpHttp } from './http-support.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly example?: unknown;
  readonly description?: string;
}

interface Media {
  readonly schema: { readonly $ref?: string; readonly examples?: readonly unknown[] };
  readonly example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<
    Record<string, { description: string; content: Record<string, Media> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { examples: unknown[] }>> };
}

async function setUpDocument() {
  const { get, app } = await setUpHttp();
  const document = (await get('/openapi.json')).body as Document;
  const operations = Object.entries(document.paths).map(([path, { get: operation }]) => ({
    path,
    ...operation!,
  }));
  return { get, app, document, operations };
}

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1, and its page is served', async () => {
    const { document, get } = await setUpDocument();

    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('0.0.0-test');
    expect(await get('/docs')).toMatchObject({ status: 200, type: 'text/html' });
  });

  it('has every route but itself and its page, and only GET', async () => {
    const { app, document } = await setUpDocument();
    const routes = app.printRoutes({ commonPrefix: false }).match(/\(GET, HEAD\)/g) ?? [];

    expect(Object.values(document.paths).flatMap(Object.keys)).toEqual(
      Array(Object.keys(document.paths).length).fill('get'),
    );
    expect(Object.keys(document.paths)).toHaveLength(19);
    expect(routes.length).toBeGreaterThanOrEqual(19);
  });

  it('declares each parameter of each path, described and with an example', async () => {
    const { operations } = await setUpDocument();

    for (const { path, parameters = [] } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(inPath.map(({ name }) => name)).toEqual(named);
      for (const parameter of parameters) {
        expect(parameter.required, parameter.name).toBe(parameter.in === 'path');
        expect(parameter.description, parameter.name).toBeTruthy();
        expect(parameter.example, parameter.name).toBeDefined();
      }
    }
  });

  it('names every operation once, with a known tag, and shows an example of each answer', async () => {
    const { document, operations } = await setUpDocument();
    const tags = document.tags.map(({ name }) => name);
    const ids = operations.map(({ operationId }) => operationId);

    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, summary, responses, ...operation } of operations) {
      expect(summary, path).toBeTruthy();
      expect(tags, path).toEqual(expect.arrayContaining([...operation.tags]));
      expect(Object.keys(responses), path).toEqual(['200', '4XX', '5XX']);
      for (const { content } of Object.values(responses)) {
        for (const media of Object.values(content)) expectExample(document, media, path);
      }
    }
  });

  it('refers to nothing that is not there', async () => {
    const { document } = await setUpDocument();
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, ref]) => ref!,
    );

    expect(refs.length).toBeGreaterThan(0);
    for (const ref of refs) {
      expect(ref).toMatch(/^#\/components\/schemas\//);
      expect(document.components.schemas).toHaveProperty(ref.split('/').at(-1)!);
    }
  });

  it('tells the truth: its examples are answered, in a documented type', async () => {
    const { get, operations } = await setUpDocument();

    for (const { path, parameters = [], responses } of operations) {
      const { url, query } = fillIn(path, parameters);
      const types = Object.keys(responses['200']!.content);
      for (const accept of types.filter((type) => type !== 'text/event-stream')) {
        const answer = await get(`${url}?${query}`, accept);
        expect(answer, `${url}?${query}`).toMatchObject({ status: 200, type: accept });
      }
    }
  });
});

function expectExample(document: Document, { schema, example }: Media, path: string): void {
  const name = schema.$ref?.split('/').at(-1);
  const examples =
    name === undefined ? schema.examples : document.components.schemas[name]!.examples;
  expect(example ?? examples?.[0], path).toBeDefined();
}

function fillIn(path: string, parameters: readonly Parameter[]): { url: string; query: string } {
  const example = (name: string) => parameters.find((one) => one.name === name)!.example;
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(example(name)));
  const query = parameters
    // The example of `format` is one of three types, and Accept names another.
    .filter((one) => one.in === 'query' && one.name !== 'format')
    .map((one) => `${one.name}=${String(one.example)}`)
    .join('&');
  return { url, query };
}
