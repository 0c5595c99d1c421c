import jsQR from "jsqr";
import type { Browser, Locator } from "playwright-core";
import { expect } from "vitest";

interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 for each light pixel, row by row. */
  readonly pixels: string;
}

/** What a phone reads off a QR code on the screen, in the colors it has there. */
export async function scan(browser: Browser, code: Locator): Promise<string> {
  const picture = (await code.screenshot()).toString("base64");
  const lens = await browser.newPage();
  const { width, height, pixels } = await lens.evaluate<Picture>(`(async () => {
    const blob = await (await fetch("data:image/png;base64,${picture}")).blob();
    const { width, height } = (bitmap = await createImageBitmap(blob));
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(bitmap, 0, 0);
    const { data } = canvas.getImageData(0, 0, width, height);
    const lights = Array.from({ length: width * height }, (_, at) => (data[at * 4] > 127 ? 1 : 0));
    return { width, height, pixels: lights.join("") };
  })()`);
  await lens.close();
  const colors = Uint8ClampedArray.from(
    [...pixels].flatMap((light) => [255 * Number(light), 255 * Number(light), 255 * Number(light), 255]),
  );
  // Not every phone reads one that is light on dark.
  const read = jsQR.default(colors, width, height, { inversionAttempts: "dontInvert" });
  return read?.data ?? expect.unreachable("there is no QR code that a phone could read");
}
