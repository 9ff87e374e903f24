import type { Step, Value } from './format.ts';
import { isGuestVerb } from './verbs.ts';

type Args = Readonly<Record<string, Value>>;

/** Arguments that name a result: they stand in front of the call. */
const RESULTS = new Set(['as', 'portAs']);
const TOOLSTACK = new Set(['suspend', 'resume', 'destroy', 'reset', 'raise_virq', 'inject']);

/** A step as the left column of a story has it. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'do':
      return `${actor(step)}${result(step.args)}${step.verb}(${list(step.args)})`;
    case 'run':
      if (step.to !== undefined) return `run ${step.thread} to "${step.to}"`;
      if (step.after !== undefined) return `run ${step.thread} past "${step.after}"`;
      return `run ${step.thread} to its end`;
    case 'expect':
      return `expect ${expectationText(step.what, step.args)} = ${String(step.is)}`;
  }
}

export const expectationText = (what: string, args: Args): string => `${what}(${list(args)})`;

function actor(step: Extract<Step, { kind: 'do' }>): string {
  if (step.thread !== undefined) return `${step.thread}: `;
  const other = step.dom === 1 ? '' : `dom ${step.dom}: `;
  if (isGuestVerb(step.verb) || !TOOLSTACK.has(step.verb)) return other;
  return `outside: ${other}`;
}

function result(args: Args): string {
  const name = args['as'];
  const port = args['portAs'];
  if (name === undefined) return '';
  return port === undefined ? `${String(name)} = ` : `${String(name)}, port ${String(port)} = `;
}

function list(args: Args): string {
  return Object.entries(args)
    .filter(([name]) => !RESULTS.has(name))
    .map(([name, value]) => argument(name, value))
    .join(', ');
}

function argument(name: string, value: Value): string {
  switch (name) {
    case 'handle':
    case 'mode':
    case 'what':
    case 'handler':
      return String(value);
    case 'remoteDom':
      return `dom ${String(value)}`;
    case 'remotePort':
      return `port ${String(value)}`;
    default:
      return `${name} ${String(value)}`;
  }
}
