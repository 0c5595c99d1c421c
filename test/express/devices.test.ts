import { describe, expect, it } from "vitest";
import { FIREFOX, loginAgain, trust, trusting } from "../helpers/devices.js";

const HTML = { Accept: "text/html", "User-Agent": FIREFOX };

describe("trusted devices", () => {
  it("are offered on the page of a code with a box that is not ticked, where the app has them", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await ada.get("/mail").set(HTML).expect(303);
    const { text } = await ada.get("/2fa").set(HTML).expect(200);
    expect(text).toMatch(/<input type="checkbox" name="trustDevice" value="true" \/>\s*Trust this device/);
    const without = trusting({ trustedDevices: false });
    const bob = await without.login("bob");
    await bob.get("/mail").set(HTML).expect(303);
    expect((await bob.get("/2fa").set(HTML)).text).not.toContain("trustDevice");
  });

  it("are not offered where a transaction is approved, and a tick there is for nothing", async () => {
    const shop = trusting();
    shop.guard("/pay", { bind: () => ({ amount: 5 }) });
    const ada = await shop.login("ada");
    await ada.get("/pay").set(HTML).expect(303);
    expect((await ada.get("/2fa").set(HTML)).text).not.toContain("trustDevice");
    const { body } = await ada.post("/2fa/verify").send({ code: shop.code(), trustDevice: true }).expect(200);
    expect(body.trusted).toBeUndefined();
  });

  it("work by forms alone: tick, list, remove, remove all", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await ada.get("/mail").set(HTML).expect(303);
    await ada.post("/2fa/verify").set(HTML).type("form").send({ code: shop.code(), trustDevice: "true" }).expect(303);
    await loginAgain(ada, "ada");
    await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
    await ada.get("/2fa/devices").set(HTML).expect(303);
    shop.clock.tick(60_000);
    await ada.post("/2fa/resend").send({});
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    const { text } = await ada.get("/2fa/devices").set(HTML).expect(200);
    expect(text).toContain("<strong><bdi>Firefox, Linux</bdi></strong>");
    const id = /name="device" value="([^"]+)"/.exec(text)?.[1];
    await ada.post("/2fa/devices/remove").set(HTML).type("form").send({ device: id }).expect(303);
    expect((await ada.get("/2fa/devices").set(HTML)).text).toContain("No device is trusted.");
    await trust(shop, ada, "/nowhere").catch(() => undefined);
    await ada
      .post("/2fa/devices/remove")
      .set(HTML)
      .type("form")
      .send({})
      .expect(303)
      .expect("Location", "/2fa/devices");
    expect(await shop.tfa.devices.list("ada")).toEqual([]);
  });

  it("are the newest ten of a user", async () => {
    const shop = trusting();
    const ids: string[] = [];
    shop.tfa.events.on("device.trusted", ({ device }) => void ids.push(device));
    for (let browser = 1; browser <= 12; browser += 1) {
      shop.clock.tick(60_000);
      await trust(shop, await shop.login("ada"));
    }
    expect((await shop.tfa.devices.list("ada")).map(({ id }) => id)).toEqual(ids.slice(2));
  });

  it("take the place of what the same browser was trusted for", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    shop.clock.tick(20 * 60_000);
    await trust(shop, ada, "/vault");
    expect(await shop.tfa.devices.list("ada")).toHaveLength(1);
  });

  it("are told of in events, and counted in a report without being used", async () => {
    const shop = trusting();
    shop.guard("/report", { trustedDevice: true, reportOnly: true });
    const told: string[] = [];
    for (const name of ["device.trusted", "device.used", "device.removed", "device.reused"] as const) {
      shop.tfa.events.on(name, () => void told.push(name));
    }
    const ada = await shop.login("ada");
    await trust(shop, ada);
    await loginAgain(ada, "ada");
    const { headers } = await ada.get("/report").set("User-Agent", FIREFOX).expect(200);
    expect([headers["two-factor-report"], headers["set-cookie"]]).toEqual([undefined, undefined]);
    await ada.head("/mail").set("User-Agent", FIREFOX).expect(200);
    expect(told).toEqual(["device.trusted"]);
    await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
    await shop.tfa.devices.removeAll("ada");
    expect(told).toEqual(["device.trusted", "device.used", "device.removed"]);
  });

  it("are refused with a sentence where they are set up wrongly", async () => {
    expect(() => trusting({ trustedDevices: { maxAge: 0 } })).toThrowError(/30d/);
    expect(() => trusting({ trustedDevices: { maxage: "1d" } as object })).toThrowError(/maxAge/);
    await expect(trusting({ trustedDevices: false }).tfa.devices.list("ada")).rejects.toThrowError(/trustedDevices/);
  });
});
