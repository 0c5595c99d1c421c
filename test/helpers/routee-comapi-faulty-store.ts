import { memoryStore, type Store } from "../../src/index.js";

/** A memory store that answers nothing while it is down. */
export class FaultyStore {
  down = false;
  readonly proxy: Store;

  constructor() {
    this.proxy = new Proxy(memoryStore(), {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (this.down) throw new Error("the store is down");
          return Reflect.apply(member, target, args);
        };
      },
    });
  }
}
