import type { Pending } from "../stores/pending.js";
import type { Charge } from "../stores/store.js";
import type { Delivered } from "./delivery.js";
import type { Withheld } from "./toll-fraud.js";

/** How a verification reaches the person this time. Without `send` there is nothing to carry. */
export interface Way {
  readonly method: string;
  readonly to?: string | undefined;
  /** Which of several recipients that is, for whoever has to find it again. */
  readonly factor?: string | undefined;
  readonly country?: string | undefined;
  readonly from?: string | undefined;
  /** The wait after so many messages, in milliseconds. */
  readonly gapAfter?: ((sends: number) => number) | undefined;
  /** The step of a workflow that this is. */
  readonly step?: number | undefined;
  /** What a message for this verification is charged to. */
  readonly charges: (id: string) => readonly Charge[];
  /** What a failed send is charged to. */
  readonly failed?: (() => Charge) | undefined;
  /** Then `send` is not called, and everything looks as if it had been. */
  readonly withheld?: Withheld | undefined;
  readonly send?: ((entry: Pending) => Promise<Delivered>) | undefined;
}
