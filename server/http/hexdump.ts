const ROW = 16;

/** As `hexdump -C` prints: rows of 16 bytes, `*` in place of rows equal to the one before. */
export function hexdump(bytes: Uint8Array): string {
  const lines: string[] = [];
  let last = '';
  for (let offset = 0; offset < bytes.length; offset += ROW) {
    const row = bytes.subarray(offset, offset + ROW);
    const shown = `${hexRow(row)}  |${Array.from(row, printable).join('')}|`;
    if (shown !== last) lines.push(`${address(offset)}  ${shown}`);
    else if (lines.at(-1) !== '*') lines.push('*');
    last = shown;
  }
  lines.push(address(bytes.length), '');
  return lines.join('\n');
}

const address = (offset: number): string => offset.toString(16).padStart(8, '0');

function hexRow(row: Uint8Array): string {
  const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'));
  return `${digits.slice(0, ROW / 2).join(' ')}  ${digits.slice(ROW / 2).join(' ')}`;
}

const printable = (byte: number): string =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
