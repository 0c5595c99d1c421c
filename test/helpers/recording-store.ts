import { inspect } from "node:util";
import type { Store } from "../../src/stores/store.js";

/** A call of a store, and what came of it. */
export interface StoreCall {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly result: unknown;
}

/** A store that keeps every argument it was given and every answer it gave: all that could ever be stored, and more. */
export interface RecordingStore {
  readonly store: Store;
  readonly calls: readonly StoreCall[];
  /** Everything recorded so far, as one text to search. */
  dump(): string;
}

export function recordingStore(store: Store): RecordingStore {
  const calls: StoreCall[] = [];
  const recorded = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args);
        calls.push({ method: String(name), args: structuredClone(args), result: structuredClone(result) });
        return result;
      };
    },
  });
  return {
    store: recorded,
    calls,
    dump: () =>
      inspect(calls, { depth: Infinity, maxArrayLength: null, maxStringLength: null, breakLength: Infinity }) +
      JSON.stringify(calls),
  };
}
