import type { Bucket } from "../../../verification/bucket.js";
import type { LimitValue } from "../../../verification/named-limits.js";
import { bucketsText, readBuckets } from "../wire/buckets.js";
import { definitionHandlers, type Kind } from "./definitions.js";

const LIMITS: Kind<LimitValue, { buckets: readonly Bucket[] }> = {
  prefix: "LM",
  path: "/2fa/limits",
  exists: "limitExists",
  unknown: "unknownLimit",
  definitions: ({ limits }) => limits,
  read({ fields }) {
    const read = readBuckets(fields);
    return read && { given: { buckets: read.buckets }, kept: { buckets: read.text } };
  },
  show({ account }, { id, name, value }, kept, description) {
    const { buckets = bucketsText(value) } = (kept ?? {}) as { buckets?: string };
    return { sid: id, name, buckets, description, accountSid: account.sid, uri: `/2fa/limits/search/${id}` };
  },
};

/** Limits: what `send` may be counted by. */
export const limitHandlers = definitionHandlers(LIMITS);
