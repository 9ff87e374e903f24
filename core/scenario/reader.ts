import { JsonError } from './json-lines.ts';
import type { JsonNode } from './json-lines.ts';

/** A file that is no scenario: the message names the file, the line, and what would be right. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

/** Bounds of a scenario file. */
export const STEPS_MAX = 500;
export const DOMAINS_MAX = 8;
const TEXT_MAX = 4000;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;

export function bad(node: JsonNode, path: string, reason: string): never {
  throw new JsonError(node.line, `${path}: ${reason}`);
}

/** The members of an object: each must be asked for, so that none is misspelt. */
export class Members {
  readonly node: JsonNode;
  readonly path: string;
  readonly #known = new Set<string>();

  constructor(node: JsonNode, path: string) {
    if (typeof node.value !== 'object' || node.value === null || Array.isArray(node.value)) {
      bad(node, path, 'must be an object');
    }
    this.node = node;
    this.path = path;
  }

  get(name: string): JsonNode | undefined {
    this.#known.add(name);
    return this.node.members.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  need(name: string): JsonNode {
    return this.get(name) ?? bad(this.node, this.path, `"${name}" is missing`);
  }

  under(name: string): string {
    return `${this.path}.${name}`;
  }

  text(name: string, whenAbsent?: string): string {
    const node = whenAbsent === undefined ? this.need(name) : this.get(name);
    if (node === undefined) return whenAbsent!;
    const { value } = node;
    if (typeof value === 'string' && value.length <= TEXT_MAX) return value;
    return bad(node, this.under(name), `must be a text of at most ${TEXT_MAX} characters`);
  }

  /** A name that steps refer to. */
  name(name: string): string {
    const text = this.text(name);
    if (NAME.test(text)) return text;
    const node = this.need(name);
    return bad(node, this.under(name), `"${text}" is no name: a letter, then letters, digits, _ -`);
  }

  number(name: string, low: number, high: number, whenAbsent?: number): number {
    const node = whenAbsent === undefined ? this.need(name) : this.get(name);
    if (node === undefined) return whenAbsent!;
    const value = node.value as number;
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    return bad(node, this.under(name), `must be a whole number from ${low} to ${high}`);
  }

  flag(name: string, whenAbsent: boolean): boolean {
    const node = this.get(name);
    if (node === undefined) return whenAbsent;
    if (typeof node.value === 'boolean') return node.value;
    return bad(node, this.under(name), 'must be true or false');
  }

  choice<Text extends string>(name: string, of: readonly Text[], whenAbsent?: Text): Text {
    const node = whenAbsent === undefined ? this.need(name) : this.get(name);
    if (node === undefined) return whenAbsent!;
    if ((of as readonly unknown[]).includes(node.value)) return node.value as Text;
    const found = JSON.stringify(node.value);
    return bad(node, this.under(name), `${found} is none of ${of.join(', ')}`);
  }

  list(name: string, max: number): JsonNode[] {
    const node = this.get(name);
    if (node === undefined) return [];
    if (!Array.isArray(node.value)) bad(node, this.under(name), 'must be a list');
    if (node.members.size > max) bad(node, this.under(name), `has more than ${max} entries`);
    return [...node.members.values()];
  }

  /** Whatever was not asked for is a mistake. */
  noOthers(): void {
    for (const [name, node] of this.node.members) {
      if (this.#known.has(name)) continue;
      bad(node, this.path, `there is no "${name}" here, but ${[...this.#known].join(', ')}`);
    }
  }
}
