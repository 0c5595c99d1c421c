/** How far a verification got; what time and attempts do to it is worked out when it is read. */
export type PendingState = "pending" | "verified" | "canceled";

/** A verification: what waits for its answer, and what is remembered of it afterwards. */
export interface Pending {
  /** At least 128 random bits. */
  readonly id: string;
  /** Whose it is: the guard's own, or an account of the service. Nobody else's calls reach it. */
  readonly tenant: string;
  /** Who may answer: a user in one session, or a recipient within a service. */
  readonly owner: string;
  /** What the answer is for. */
  readonly purpose: string;
  /** The user it is about, where there is one: what `eraseUser` looks for. */
  readonly subject?: string;
  readonly service?: string;
  /** Which secret its code comes from. */
  readonly keyId: string;
  readonly createdAt: number;
  /** When it was last changed. */
  readonly updatedAt: number;
  readonly expiresAt: number;
  /** Until then a newer one does not cancel it. */
  readonly guardUntil?: number;
  readonly maxAttempts: number;
  readonly state: PendingState;
  readonly attempts: number;
  /** Grows with every amendment. */
  readonly revision: number;
  readonly delivery: Delivery;
  /** Every attempt that was counted, in order. */
  readonly checks: readonly Check[];
  /** The check that used it up. */
  readonly usedBy?: string;
  /** When it was used up. */
  readonly usedAt?: number;
  /** Everything that was sent for it, in order. */
  readonly events: readonly SendEvent[];
  /** What the layers above need to know again; plain JSON, never a code. */
  readonly detail: Detail;
}

/** How it reaches the person now. */
export interface Delivery {
  readonly method: string;
  /** The one canonical recipient, for methods that send. */
  readonly to?: string;
  /** Which of several recipients that is, as the layer above tells them apart. */
  readonly factor?: string;
  /** `"sent"` from the moment it is handed to a provider, `"failed"` once the provider has said so. */
  readonly status: "none" | "sent" | "failed";
  /** Ways by which a message went out: each of their codes is right, and going back to one of them sends nothing. */
  readonly sent: readonly Sent[];
  /** Which step of its workflow this is, counted from 0. */
  readonly step?: number;
  /** For a provider that makes the code itself: its name, and what it calls the verification. */
  readonly remote?: {
    readonly provider: string;
    readonly reference: string;
    /** The code, sealed, if the provider told it: then we compare it ourselves. */
    readonly code?: string;
  };
}

/** What went out by one method to one recipient. */
export interface Sent {
  readonly method: string;
  readonly to: string;
  /** Messages so far. */
  readonly sends: number;
  /** When another may be asked for. */
  readonly resendAt: number;
}

export interface Check {
  /** Names the request that counted. */
  readonly nonce: string;
  readonly at: number;
  /** What was typed, sealed; kept only where the record is to show it. */
  readonly typed?: string;
}

export type SendStatus = "queued" | "sent" | "delivered" | "undelivered" | "failed";

export interface SendEvent {
  readonly id: string;
  readonly at: number;
  readonly channel: string;
  readonly to: string;
  /** ISO 3166-1 alpha-2, where the number tells. */
  readonly country?: string;
  readonly from?: string;
  readonly provider?: string;
  /** The provider's name for the message: what its receipts refer to. */
  readonly reference?: string;
  readonly status: SendStatus;
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

/** Opaque to the store. */
export type Detail = Readonly<Record<string, unknown>>;

export type NewPending = Omit<
  Pending,
  | "createdAt"
  | "updatedAt"
  | "expiresAt"
  | "guardUntil"
  | "state"
  | "attempts"
  | "revision"
  | "checks"
  | "usedBy"
  | "usedAt"
> & {
  readonly ttl: number;
  readonly guardTime?: number;
  /**
   * What becomes of an owner's live ones: for the same purpose the one there is returned instead; all of them are
   * canceled but for those under guard; or they stay.
   */
  readonly supersede: "return" | "cancel" | "keep";
  /** Methods that may answer it: where one of them is disabled, it is not opened. */
  readonly offers?: readonly string[];
};

/** By id, by owner (then the newest), or both; what is given must match. */
export interface Which {
  readonly id?: string | undefined;
  readonly owner?: string | undefined;
  readonly tenant?: string | undefined;
}

/** What a verification has come to, seen from outside. */
export type Status = "pending" | "verified" | "failed" | "expired" | "canceled" | "undeliverable";
