import { STATUS_CODES } from 'node:http';

/** What can go wrong, as RFC 9457 wants it: one type, one status and one title each. */
const PROBLEMS = {
  bad_argument: { status: 400, title: 'An argument is wrong' },
  wrong_host: { status: 421, title: 'This is not the host that was asked for' },
  no_such_path: { status: 404, title: 'There is nothing at this path' },
  no_such_machine: { status: 404, title: 'There is no such machine' },
  no_such_domain: { status: 404, title: 'There is no such domain' },
  no_such_port: { status: 404, title: 'There is no such port' },
  no_such_vcpu: { status: 404, title: 'There is no such vCPU' },
  no_such_page: { status: 404, title: 'There is no such page' },
  read_only: { status: 405, title: 'HTTP only shows; gRPC acts' },
  not_acceptable: { status: 406, title: 'No such representation' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  too_many_streams: { status: 503, title: 'Too many streams are open' },
  too_many_downloads: { status: 503, title: 'Too many downloads are on their way' },
  overloaded: { status: 503, title: 'The server is overloaded' },
  not_ready: { status: 503, title: 'The server is not ready' },
  internal: { status: 500, title: 'The server made a mistake' },
} as const;

export type ProblemType = keyof typeof PROBLEMS;

/** The members of an application/problem+json document. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

export const PROBLEM_JSON = 'application/problem+json';

/** An answer other than success. `detail` says what was wrong and what would be right. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly type: ProblemType;
  readonly headers: Readonly<Record<string, string>>;

  constructor(type: ProblemType, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.type = type;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.type].status;
  }

  get document(): ProblemDocument {
    return document(
      `urn:evtchnd:problem:${this.type}`,
      PROBLEMS[this.type].title,
      this.status,
      this.message,
    );
  }
}

/** For a status that none of our types names: RFC 9457 says about:blank and HTTP's own words. */
export function plainProblem(status: number, detail: string): ProblemDocument {
  return document('about:blank', STATUS_CODES[status] ?? 'Error', status, detail);
}

function document(type: string, title: string, status: number, detail: string): ProblemDocument {
  return { type, title, status, detail };
}
