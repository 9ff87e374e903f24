import type {
  FastifyError,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify';
import type { ConnectionError } from 'fastify';
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import type { HttpServer } from './context.ts';
import { PROBLEM_JSON, Problem, plainProblem } from './problem.ts';

/** Every error leaves as application/problem+json; a mistake of ours says nothing of its inside. */
export function addErrors(app: HttpServer): void {
  app.setErrorHandler(answerError);
  // Unknown paths count against the client's rate as known ones do.
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request) => {
    throw new Problem('no_such_path', `nothing at ${pathOf(request)}: / lists what there is`);
  });
}

export function answerError(
  error: FastifyError | Problem,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (error instanceof Problem) return answerProblem(error, reply);

  const status = error.statusCode ?? 500;
  if (status < 500) return send(reply, plainProblem(status, error.message));

  request.log.error({ err: error }, 'a request failed');
  answerProblem(
    new Problem('internal', 'the request failed; the log of the server says why'),
    reply,
  );
}

/** For what does not even parse as HTTP: there is no request yet, only a socket. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();

  const { status, detail } = CLIENT_ERRORS[error.code] ?? NOT_HTTP;
  const body = JSON.stringify(plainProblem(status, detail));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_JSON}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const NOT_HTTP = {
  status: 400,
  detail: 'this is not an HTTP/1.1 request; gRPC has a port of its own',
};

const CLIENT_ERRORS: Readonly<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'the headers are larger than this server takes' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request took too long to arrive' },
};

/** Says which argument is wrong, what it was and what it should be. */
export function describeInvalid(errors: FastifySchemaValidationError[], where: string): Error {
  const [error] = errors;
  const detail = error === undefined ? `${where} is wrong` : describe(error, where);
  return new Problem('bad_argument', detail);
}

/** With ajv's option `verbose`, an error also has the value and the schema it broke. */
interface AjvError extends FastifySchemaValidationError {
  readonly data?: unknown;
  readonly parentSchema?: { readonly properties?: object; readonly description?: string };
}

const SAID_IN = { querystring: 'query parameter', params: 'path parameter' } as const;

function describe(error: AjvError, where: string): string {
  const what = SAID_IN[where as keyof typeof SAID_IN] ?? where;
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys(error.parentSchema?.properties ?? {});
    const right = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
    return `this path takes no ${what} "${shorten(String(error.params['additionalProperty']))}": ${right}`;
  }
  const name = error.instancePath.slice(1);
  const allowed = error.params['allowedValues'];
  const rule = Array.isArray(allowed) ? `must be one of ${allowed.join(', ')}` : error.message;
  return `${what} ${name} ${rule}, and is ${shorten(JSON.stringify(error.data))}`;
}

/** A client's own words come back to it, but not by the megabyte. */
function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

function pathOf(request: FastifyRequest): string {
  return shorten(request.url.split('?', 1)[0] ?? request.url);
}

function answerProblem(problem: Problem, reply: FastifyReply): void {
  reply.headers(problem.headers);
  send(reply, problem.document);
}

function send(reply: FastifyReply, document: { readonly status: number }): void {
  // Serialised here, so that no route's response schema can drop a member.
  void reply.code(document.status).type(PROBLEM_JSON).send(JSON.stringify(document));
}
