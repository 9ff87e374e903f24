/** A recording in which one line stands otherwise. */
export interface Tampering {
  /** The kind of the fact that is changed. */
  readonly kind: string;
  /** The fact and its new value, for messages. */
  readonly what: string;
  /** Index of the line; `text` takes its place. */
  readonly line: number;
  readonly text: readonly string[];
}

type Fields = Record<string, unknown>;

/** Facts that no hypercall gave: the inputs of an op, and numbers that only order lines. */
const NO_FACTS = new Set([
  'i',
  'caller',
  'caller_vcpu',
  'op',
  'in',
  'repeat',
  'observe',
  'audit',
  'full',
]);

/** Outputs of the recording's own tools. */
const TOOL_FACTS = new Set(['permit', 'permit2']);

/** Every way to change one fact of a recording: another value, a line less, a line more. */
export function* tamperings(lines: readonly string[]): Generator<Tampering> {
  for (const [line, text] of lines.entries()) {
    const value = JSON.parse(text) as Fields;
    if (line === 0 || 'end' in value || 'skipped' in value || isSetUp(value)) continue;
    for (const [path, changed] of changes(value, [])) {
      const kind = kindOf(path);
      yield { kind, what: path.join(' '), line, text: [changed] };
    }
    if ('observe' in value && value['full'] !== true) {
      yield { kind: 'a line less', what: 'without the line', line, text: [] };
    }
    if ('op' in value) {
      const more = JSON.stringify({ i: value['i'], observe: 1, vcpus: [{ id: 77 }] });
      yield { kind: 'a line more', what: 'with a line more', line, text: [text, more] };
    }
  }
}

/** dom0's first audit: its ports are what a replay begins with. */
const isSetUp = (value: Fields): boolean => value['i'] === 0 && value['audit'] === 0;

/** The line as text, once with each of its facts changed. */
function* changes(root: Fields, path: readonly string[]): Generator<[string[], string]> {
  const value = at(root, path);
  if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) {
      if (path.length === 0 && NO_FACTS.has(name)) continue;
      if (TOOL_FACTS.has(name) || (path.at(-1) !== 'heads' && name === 'id')) continue;
      yield* changes(root, [...path, name]);
    }
    return;
  }
  yield [[...path], JSON.stringify(replaced(root, path, other(value)))];
}

const at = (root: unknown, path: readonly string[]): unknown =>
  path.reduce((value, name) => (value as Fields)[name], root);

function replaced(root: Fields, path: readonly string[], value: unknown): Fields {
  const copy = structuredClone(root);
  (at(copy, path.slice(0, -1)) as Fields)[path.at(-1)!] = value;
  return copy;
}

/** Another value of the same type. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value ^ 1;
  if (typeof value === 'boolean') return !value;
  const text = String(value);
  if (!text.startsWith('0x')) return text === 'EINVAL' ? 'EPERM' : `${text}x`;
  return `0x${(BigInt(text) ^ 1n).toString(16).padStart(text.length - 2, '0')}`;
}

/** The path without its indexes and ports: "fifo words". */
const kindOf = (path: readonly string[]): string =>
  path.filter((name) => !/^[\d-]+$/.test(name)).join(' ');
