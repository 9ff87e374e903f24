const LINE_BYTES = 16;

/** Bytes as `hexdump -C` shows them: a run of equal lines is one `*`. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  let last: string | undefined;
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const text = lineOf(bytes.subarray(at, at + LINE_BYTES));
    if (text !== last) lines.push(`${offset(at)}  ${text}`);
    else if (lines.at(-1) !== '*') lines.push('*');
    last = text;
  }
  return [...lines, offset(bytes.length)].join('\n');
}

const offset = (at: number): string => at.toString(16).padStart(8, '0');

function lineOf(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const hex = `${pairs.slice(0, 8).join(' ')}  ${pairs.slice(8).join(' ')}`;
  const text = Array.from(bytes, (byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.'));
  return `${hex.padEnd(48)}  |${text.join('')}|`;
}

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;
