import type { Pending, Status } from "./pending.js";

/** Which verifications are meant; what is left out does not matter. Instants in milliseconds, `until` excluded. */
export interface RecordFilter {
  readonly tenant?: string;
  readonly service?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly status?: Status;
  readonly since?: number;
  readonly until?: number;
}

/** Newest first, and stable: what comes in while somebody pages does not move what they have not seen. */
export interface RecordPage {
  readonly offset: number;
  readonly limit: number;
}

export interface FoundRecords {
  readonly total: number;
  readonly entries: readonly Pending[];
}

/** How many verifications (`channel` absent) or messages (by channel) of one UTC day came to what. */
export interface UsageRow {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly channel?: string;
  readonly country?: string;
  readonly status: string;
  readonly count: number;
}
