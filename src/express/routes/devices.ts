import { refused } from "../../verification/outcome.js";
import { misconfigured } from "../../core/errors.js";
import { word } from "../body.js";
import { RequestTwoFactor } from "../context.js";
import { dropDeviceCookie } from "../device-cookie.js";
import { navigates } from "../negotiate.js";
import { publicDevice } from "../public-device.js";
import { showPage } from "../show.js";
import { withProof } from "./factors/gate.js";
import type { Answered, Call, Route } from "./reply.js";

const PAGE = "/devices";

function devicesOf({ kit }: Call) {
  // Without it these routes are not there.
  if (kit.devices) return kit.devices;
  throw misconfigured("twoFactor({ trustedDevices }) is off.");
}

/** `GET /2fa/devices`: the browsers that stand in for a proof. A device alone does not open this. */
const listRoute: Route = {
  method: "GET",
  page: PAGE,
  permit: withProof,
  async handle(call): Promise<Answered | "answered"> {
    const { kit, req, res, who } = call;
    const devices = (await devicesOf(call).list(who.user)).map((device) => publicDevice(device));
    if (!navigates(req)) return { ok: true, status: 200, body: { devices } };
    await showPage(kit, req, res, 200, { state: "devices", devices });
    return "answered";
  },
};

/** `POST /2fa/devices/remove { device? }`: that one, or all of them. */
const removeRoute: Route = {
  method: "POST",
  page: PAGE,
  permit: withProof,
  async handle(call): Promise<Answered> {
    const { req, res, who, fields } = call;
    const id = word(fields, "device");
    const onward = async (): Promise<void> => res.redirect(303, RequestTwoFactor.pathOf(req.twoFactor) + PAGE);
    if (id === undefined) {
      await devicesOf(call).removeAll(who.user);
      dropDeviceCookie(req, res, who.user);
    } else if (!(await devicesOf(call).remove(who.user, id))) {
      return { ...refused("invalid_request", { detail: "There is no such device." }), onward };
    }
    return { ok: true, status: 204, onward };
  },
};

export const DEVICE_ROUTES: Readonly<Record<string, Route>> = {
  "/devices": listRoute,
  "/devices/remove": removeRoute,
};
