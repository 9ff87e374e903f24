// A plugin of buf: writes descriptors.ts, the FileDescriptorProto of every file, for reflection.
// What proto-loader makes up at run time merges files and loses their imports, which strict
// clients such as `buf curl` refuse.

import { readFileSync } from 'node:fs';

/** Fields of CodeGeneratorRequest, FileDescriptorProto and CodeGeneratorResponse. */
const REQUEST_PROTO_FILE = 15;
const FILE_SOURCE_CODE_INFO = 9;
const RESPONSE_FEATURES = 2;
const RESPONSE_FILE = 15;
const FEATURE_PROTO3_OPTIONAL = 1;

const files = [...fields(readFileSync(0))]
  .filter(({ number }) => number === REQUEST_PROTO_FILE)
  .map(({ content }) => withoutComments(content).toString('base64'));

const text = `// Written by \`npm run generate\`: proto/protoc-gen-descriptors.mjs.

/** FileDescriptorProto of each file in base64; imports come before what imports them. */
export const FILE_DESCRIPTORS: readonly string[] = [
${files.map((file) => `  '${file}',`).join('\n')}
];
`;

process.stdout.write(
  Buffer.concat([
    Buffer.from([RESPONSE_FEATURES << 3, FEATURE_PROTO3_OPTIONAL]),
    bytesField(
      RESPONSE_FILE,
      Buffer.concat([
        bytesField(1, Buffer.from('descriptors.ts')),
        bytesField(15, Buffer.from(text)),
      ]),
    ),
  ]),
);

function withoutComments(file) {
  const kept = [...fields(file)].filter(({ number }) => number !== FILE_SOURCE_CODE_INFO);
  return Buffer.concat(kept.map(({ whole }) => whole));
}

/** The fields of a message: number, the bytes of a length-delimited one, and the whole field. */
function* fields(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const tag = varint(bytes, at);
    at = tag.next;
    const value = varint(bytes, at);
    const isBytes = (tag.value & 7) === 2;
    at = isBytes ? value.next + value.value : value.next;
    const content = isBytes ? bytes.subarray(value.next, at) : undefined;
    yield { number: tag.value >>> 3, content, whole: bytes.subarray(start, at) };
  }
}

function varint(bytes, start) {
  let value = 0;
  for (let at = start, factor = 1; ; at += 1, factor *= 128) {
    value += (bytes[at] & 0x7f) * factor;
    if (bytes[at] < 0x80) return { value, next: at + 1 };
  }
}

function bytesField(number, content) {
  const head = [(number << 3) | 2];
  let rest = content.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) head.push((rest % 128) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), content]);
}
