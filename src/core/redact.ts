/** `+46707123456` becomes `+46•••••••56`: enough to recognise one's own number, too little to call it. */
export function maskPhone(e164: string): string {
  const head = e164.slice(0, 3);
  const tail = e164.slice(-2);
  return head + "•".repeat(Math.max(3, e164.length - head.length - tail.length)) + tail;
}

/** `ada@example.com` becomes `a••••@example.com`. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, 1)}••••${address.slice(at)}`;
}

export function maskAddress(to: string): string {
  return to.includes("@") ? maskEmail(to) : maskPhone(to);
}
