/** A text that is no JSON: where, and why. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** A value, and the line where it begins; so for its members. */
export interface JsonNode {
  readonly line: number;
  readonly value: unknown;
  /** Of an object or a list, by name or place. */
  readonly members: ReadonlyMap<string, JsonNode>;
}

const DEPTH_MAX = 16;
const NO_MEMBERS: ReadonlyMap<string, JsonNode> = new Map();
const SCALAR = /"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** JSON.parse that remembers lines. Throws JsonError. */
export function parseJsonLines(text: string): JsonNode {
  const reader = new Reader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

class Reader {
  readonly #text: string;
  #at = 0;
  /** Lines are counted up to here. */
  #counted = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    const next = this.#peek();
    if (depth > DEPTH_MAX) this.#fail(`more than ${DEPTH_MAX} levels deep`);
    const line = this.#lineHere();
    if (next === '{') return { line, ...this.#object(depth) };
    if (next === '[') return { line, ...this.#list(depth) };
    return { line, value: this.#scalar(), members: NO_MEMBERS };
  }

  end(): void {
    if (this.#peek() !== '') this.#fail('something follows the end');
  }

  #object(depth: number): Omit<JsonNode, 'line'> {
    const members = new Map<string, JsonNode>();
    this.#sequence('}', () => {
      if (this.#peek() !== '"') this.#fail('here must be a name in quotes');
      const name = this.#scalar() as string;
      if (members.has(name)) this.#fail(`"${name}" is there twice`);
      if (this.#peek() !== ':') this.#fail(`":" must follow "${name}"`);
      this.#at += 1;
      members.set(name, this.value(depth + 1));
    });
    const value = Object.fromEntries([...members].map(([name, node]) => [name, node.value]));
    return { value, members };
  }

  #list(depth: number): Omit<JsonNode, 'line'> {
    const members = new Map<string, JsonNode>();
    this.#sequence(']', () => members.set(String(members.size), this.value(depth + 1)));
    return { value: [...members.values()].map(({ value }) => value), members };
  }

  #sequence(close: string, item: () => void): void {
    this.#at += 1;
    if (this.#peek() === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      const next = this.#peek();
      if (next !== ',' && next !== close) this.#fail(`"," or "${close}" must be here`);
      this.#at += 1;
      if (next === close) return;
    }
  }

  #scalar(): unknown {
    SCALAR.lastIndex = this.#at;
    const [text] = SCALAR.exec(this.#text) ?? [];
    if (text === undefined) this.#fail('here is no JSON value');
    this.#at += text.length;
    try {
      return JSON.parse(text);
    } catch {
      return this.#fail(`${text} is no JSON value`);
    }
  }

  #peek(): string {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)![0].length;
    return this.#text.charAt(this.#at);
  }

  #lineHere(): number {
    for (; this.#counted < this.#at; this.#counted += 1) {
      if (this.#text.charAt(this.#counted) === '\n') this.#line += 1;
    }
    return this.#line;
  }

  #fail(reason: string): never {
    throw new JsonError(this.#lineHere(), reason);
  }
}
