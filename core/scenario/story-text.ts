import { outcomeText } from './outcome.ts';
import type { ScenarioResult, StoryRow } from './run.ts';

const LEFT = 46;
const INDENT = 4;
const GAP = '  ';

/**
 * A story in two columns: on the left who does what, on the right what Xen and the layer did; `!`
 * marks what is wrong. Then the outcome, and whether it is the expected one.
 */
export function storyText(result: ScenarioResult): string {
  const { scenario, variant, set, story } = result;
  const knobs = Object.entries(set).map(([name, value]) => ` ${name}=${String(value)}`);
  return [
    `${scenario} in ${variant}${knobs.join('')}`,
    '',
    ...story.flatMap(rowLines),
    '',
    ...verdictLines(result),
  ].join('\n');
}

/** What was found, where, and whether the file says so. */
function verdictLines(result: ScenarioResult): string[] {
  const { outcome, step, story, firstSign, expected, asExpected } = result;
  const found = [outcomeText(outcome)];
  if (step > 0) {
    const { left, why } = story[step - 1]!;
    found.push(`  at step ${step}: ${left}${why === '' ? '' : ` (${why})`}`);
  }
  if (firstSign !== undefined && firstSign.step < step) {
    found.push(`  first sign at step ${firstSign.step}: ${outcomeText(firstSign.outcome)}`);
  }
  if (asExpected) return [...found, 'as expected'];
  return [...found, `NOT as expected, which is: ${outcomeText(expected)}`];
}

function rowLines({ step, left, why, right }: StoryRow): string[] {
  const number = `${step}`.padStart(INDENT - 2);
  const text = [...wrap(left, LEFT - INDENT), ...wrap(why && `— ${why}`, LEFT - INDENT)];
  return Array.from({ length: Math.max(text.length, right.length) }, (_, at) => {
    const place = at === 0 ? `${number}  ` : ' '.repeat(INDENT);
    return `${place}${(text[at] ?? '').padEnd(LEFT - INDENT)}${GAP}${right[at] ?? ''}`.trimEnd();
  });
}

/** Lines of at most `width`, broken between words where there is a choice. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => pieces(part, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  return Array.from({ length: Math.ceil(word.length / width) }, (_, at) =>
    word.slice(at * width, (at + 1) * width),
  );
}
