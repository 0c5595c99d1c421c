import { misconfigured } from "../../core/errors.js";

const NONCE = /^[A-Za-z0-9+/_-]{16,}={0,2}$/;

/**
 * The `Content-Security-Policy` of the page: nothing but its own style and script, sent nowhere but home, in nobody's
 * frame.
 */
export function pagePolicy(nonce: string): string {
  if (!NONCE.test(nonce)) throw misconfigured("page: the nonce of the policy is at least 16 characters of base64.");
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "trusted-types 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}
