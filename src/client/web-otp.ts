/** A browser that reads the code out of a text message by itself (WebOTP). */
interface CodeReader {
  get(wish: { otp: { transport: ["sms"] }; signal: AbortSignal }): Promise<{ code: string }>;
}

/** Calls where the browser can, and the message comes while somebody waits for it. */
export function readCode(signal: AbortSignal, found: (code: string) => void): void {
  if (!("OTPCredential" in window)) return;
  const reader = navigator.credentials as unknown as CodeReader;
  reader.get({ otp: { transport: ["sms"] }, signal }).then(
    ({ code }) => found(code),
    () => undefined,
  );
}
