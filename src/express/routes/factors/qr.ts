import type { PageQr } from "../../page/view.js";

/** The dots of a QR code, each run of a row as one bar. */
export async function qrOf(text: string): Promise<PageQr> {
  const { encode } = await import("uqr");
  const { size, data } = encode(text, { ecc: "M", border: 4 });
  const bars = data.flatMap((row, y) => {
    const line = row.map((dark) => (dark ? "1" : "0")).join("");
    return [...line.matchAll(/1+/g)].map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`);
  });
  return { size, path: bars.join("") };
}
