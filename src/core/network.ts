import { isIPv6 } from "node:net";

const GROUPS = 8;

/**
 * What counts as one place by its IP address: an IPv4 address, or the first 64 bits of an IPv6 address, of which one
 * customer has all the rest (RFC 6177). An IPv4 address that is written as IPv6 is that address (RFC 4291 section 2.5.5.2).
 * What is no address stays as it is.
 */
export function networkOf(ip: string): string {
  const [address = ""] = ip.split("%");
  if (!isIPv6(address)) return ip;
  const groups = groupsOf(address);
  const [sixth, high = 0, low = 0] = groups.slice(5);
  if (sixth === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** A URL has one spelling for each address (URL Standard, "IPv6 serializer"). */
function groupsOf(address: string): readonly number[] {
  const [head = [], tail = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}
