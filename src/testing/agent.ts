/** An answer as supertest and its like have it. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface TestCall extends PromiseLike<TestAnswer> {
  send(body: object | string): TestCall;
  set(headers: Record<string, string>): TestCall;
}

/** A client that keeps its cookies: `request.agent(app)` of supertest, or whatever has the same methods. */
export interface TestAgent {
  get(path: string): PromiseLike<TestAnswer>;
  post(path: string): TestCall;
}
