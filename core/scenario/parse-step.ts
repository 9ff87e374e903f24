import { ERRNO } from '../public/errno.ts';
import type { Errno } from '../public/errno.ts';
import type { ActionStep, ExpectStep, RunStep, Step, Value } from './format.ts';
import type { JsonNode } from './json-lines.ts';
import { bad } from './reader.ts';
import type { Members } from './reader.ts';
import { EXPECTATIONS, VERBS, isGuestVerb } from './verbs.ts';
import type { ExpectName, Field, VerbName } from './verbs.ts';

/** Names that steps so far have given. */
export interface Names {
  readonly handles: Set<string>;
  readonly ports: Set<string>;
  readonly threads: Set<string>;
  readonly doms: ReadonlySet<number>;
  /** Domains that run a kernel. */
  readonly kernels: ReadonlySet<number>;
}

const PORT_OF = /^port\((\w[\w-]*)\)$/;
const PORT_MAX = 0xffff_ffff;
const THREADS_MAX = 32;
const LIST_MAX = 64;

/** The handle that `port(h)` asks. */
export const handleInPort = (text: string): string | undefined => PORT_OF.exec(text)?.[1];

export function parseStep(step: Members, names: Names): Step {
  const base = { line: step.node.line, why: step.text('why', ''), dom: dom(step, names) };
  if (step.has('do')) return parseAction(step, names, base);
  if (step.has('run')) return parseRun(step, names, base);
  if (step.has('expect')) return parseExpect(step, names, base);
  return bad(step.node, step.path, 'a step has one of "do", "run" and "expect"');
}

type Base = Pick<Step, 'line' | 'why' | 'dom'>;

function dom(step: Members, names: Names): number {
  const number = step.number('dom', 0, PORT_MAX, 1);
  if (names.doms.has(number)) return number;
  return bad(step.node, step.under('dom'), `there is no domain ${number} in "domains"`);
}

function parseAction(step: Members, names: Names, base: Base): ActionStep {
  const verb = step.choice('do', Object.keys(VERBS) as VerbName[]);
  if ((isGuestVerb(verb) || verb === 'inject') && !names.kernels.has(base.dom)) {
    bad(step.node, step.path, `domain ${base.dom} has no kernel that ${verb} could call`);
  }
  const thread = step.has('thread') ? newThread(step, names, verb) : undefined;
  return {
    kind: 'do',
    ...base,
    verb,
    args: fields(step, VERBS[verb], names),
    thread,
    errno: step.choice('errno', ['ok', 'any', ...(Object.keys(ERRNO) as Errno[])], 'ok'),
    hypercalls: step.has('hypercalls') ? hypercalls(step) : undefined,
  };
}

function newThread(step: Members, names: Names, verb: VerbName): string {
  if (!isGuestVerb(verb)) bad(step.node, step.path, `${verb} is one step: it cannot be a thread`);
  if (names.threads.size >= THREADS_MAX) bad(step.node, step.path, `over ${THREADS_MAX} threads`);
  const name = step.name('thread');
  if (names.threads.has(name)) bad(step.node, step.path, `there is a thread ${name} already`);
  names.threads.add(name);
  return name;
}

function hypercalls(step: Members): string[] {
  return step.list('hypercalls', LIST_MAX).map((node) => {
    if (typeof node.value === 'string') return node.value;
    return bad(node, step.under('hypercalls'), 'must be names, like "send"');
  });
}

function parseRun(step: Members, names: Names, base: Base): RunStep {
  const thread = step.name('run');
  if (!names.threads.has(thread)) bad(step.node, step.path, `no thread ${thread} was started`);
  const to = step.has('to') ? step.text('to') : undefined;
  const after = step.has('after') ? step.text('after') : undefined;
  if (to !== undefined && after !== undefined) {
    bad(step.node, step.path, 'has "to" and "after": one of them is enough');
  }
  return { kind: 'run', ...base, args: {}, thread, to, after };
}

function parseExpect(step: Members, names: Names, base: Base): ExpectStep {
  const what = step.choice('expect', Object.keys(EXPECTATIONS) as ExpectName[]);
  const node = step.need('is');
  if (!['string', 'number', 'boolean'].includes(typeof node.value)) {
    bad(node, step.under('is'), 'must be a text, a number, true or false');
  }
  const args = fields(step, EXPECTATIONS[what], names);
  return { kind: 'expect', ...base, what, args, is: node.value as Value };
}

function fields(
  step: Members,
  of: Readonly<Record<string, Field>>,
  names: Names,
): Record<string, Value> {
  const args: Record<string, Value> = {};
  for (const [name, field] of Object.entries(of)) {
    const value = parseField(step, name, field, names);
    if (value !== undefined) args[name] = value;
  }
  return args;
}

function parseField(step: Members, name: string, field: Field, names: Names): Value | undefined {
  switch (field.type) {
    case 'newHandle':
    case 'newPort': {
      if (field.optional === true && !step.has(name)) return undefined;
      const given = step.name(name);
      (field.type === 'newHandle' ? names.handles : names.ports).add(given);
      return given;
    }
    case 'handle':
      return known(step.need(name), step.under(name), step.name(name), names.handles);
    case 'port':
      return parsePort(step.need(name), step.under(name), names);
    case 'dom':
      return step.number(name, 0, PORT_MAX);
    case 'number':
      return step.number(name, 0, PORT_MAX, field.default);
    case 'choice':
      return step.choice(name, field.of, field.default);
  }
}

function known(node: JsonNode, path: string, name: string, names: ReadonlySet<string>): string {
  return names.has(name) ? name : bad(node, path, `no step before gives the name ${name}`);
}

function parsePort(node: JsonNode, path: string, names: Names): Value {
  const { value } = node;
  if (typeof value === 'string') {
    const handle = handleInPort(value);
    if (handle === undefined) return known(node, path, value, names.ports);
    known(node, path, handle, names.handles);
    return value;
  }
  const valid = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= PORT_MAX;
  return valid ? Number(value) : bad(node, path, 'must be a port: its number, name, or port(h)');
}
