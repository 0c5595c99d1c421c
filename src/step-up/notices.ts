import type { Awaitable } from "../core/deadline.js";
import type { Events } from "../core/events.js";
import type { Contact } from "../methods/method.js";
import { ask } from "./ask.js";
import type { ContactOf } from "./people.js";

/** What a person should hear of by another way than the one that changed. */
export interface FactorNotice {
  readonly user: string;
  readonly change: "added" | "removed" | "renamed" | "recovery_codes" | "recovery_code_used";
  readonly method: string;
  /** How to reach them, as the app knows it; nothing for an account that is closed. */
  readonly contact: Contact | undefined;
  /** How many recovery codes are left, after one was used. */
  readonly left?: number;
  /** Three or fewer are left: say that it is time for new ones. */
  readonly low?: boolean;
}

export type Notify = (notice: FactorNotice) => Awaitable<unknown>;

interface Telling {
  readonly events: Events;
  readonly contactOf: ContactOf;
  readonly notify: Notify;
  /** Whatever has to be over before the instance closes. */
  readonly track: (notice: Promise<void>) => unknown;
}

/** Tells people of every change, whoever made it: the routes, or the app with `tfa.factors`. */
export function tellOfChanges({ events, contactOf, notify, track }: Telling): void {
  const tell = async (notice: Omit<FactorNotice, "contact">): Promise<void> => {
    try {
      const contact = (await ask("The contact callback", () => contactOf(notice.user))) ?? undefined;
      await ask("factors.notify", () => notify({ ...notice, contact }));
    } catch (error) {
      events.emit("fault", { where: "factors.notify", error });
    }
  };
  events
    .on("factor.added", ({ user, method }) => track(tell({ user, method, change: "added" })))
    .on("factor.removed", ({ user, method }) => track(tell({ user, method, change: "removed" })))
    .on("factor.renamed", ({ user, method }) => track(tell({ user, method, change: "renamed" })))
    .on("recovery.renewed", ({ user }) => track(tell({ user, method: "recovery-code", change: "recovery_codes" })))
    .on("recovery.used", ({ user, left, low }) =>
      track(tell({ user, method: "recovery-code", change: "recovery_code_used", left, low })),
    );
}
