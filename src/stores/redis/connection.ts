/** A client, whichever it is. */
export interface Connection {
  /** Whether what is asked now goes out now: nothing is to wait in a queue until there is a connection again. */
  isReady(): boolean;
  byName(sha: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  byText(lua: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}
