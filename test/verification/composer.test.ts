import { describe, expect, it } from "vitest";
import { LOCALES } from "../../src/core/locale.js";
import { createComposer } from "../../src/verification/composer.js";
import { CODE_PLACE, composeMessage } from "../../src/verification/message.js";

const CHANNELS = ["email", "sms", "voice"] as const;
const service = "Acme {code} $& \0 Bank";

describe("createComposer()", () => {
  it.each(CHANNELS)("says by %s what composeMessage() says, the first time and every other", (channel) => {
    const common = { channel, service, host: channel === "sms" ? "acme.example" : undefined };
    const compose = createComposer(common);
    for (const locale of LOCALES) {
      for (const minutes of [0.2, 4.99, 5, 10]) {
        for (const code of ["12345678", "87654321", CODE_PLACE]) {
          expect(compose({ code, locale, minutes })).toEqual(composeMessage({ ...common, code, locale, minutes }));
        }
      }
    }
  });

  it.each(CHANNELS)("takes nothing by %s from one person's message into another's", (channel) => {
    const common = { channel, service };
    const compose = createComposer(common);
    const all = [
      { code: "11111111", minutes: 5 },
      { code: "22222222", minutes: 5, action: "Pay" },
      { code: "33333333", minutes: 5, show: [["To", "Ada"]] as const },
      { code: "44444444", minutes: 5, report: "https://acme.example/2fa/not-me?t=1" },
      { code: "55555555", minutes: 5 },
    ];
    for (const own of all) expect(compose(own)).toEqual(composeMessage({ ...common, ...own }));
  });
});
