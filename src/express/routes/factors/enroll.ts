import { addressOf } from "../../address.js";
import { type Enrollment, publicEnrollment } from "../../../step-up/public-factor.js";
import { refused } from "../../../verification/outcome.js";
import { isSent } from "../../../methods/method.js";
import { word } from "../../body.js";
import type { PageFactors } from "../../page/view.js";
import { type Answered, askerOf, type Call, type Route } from "../reply.js";
import { enrolledOf, methodIn, show, showAgain } from "./call.js";
import { toEnroll } from "./gate.js";
import { listPage } from "./listed.js";
import { qrOf } from "./qr.js";

/** `POST /2fa/factors/enroll { method, to?, name? }`: begins one, and shows this once what it needs. */
export const enrollRoute: Route = {
  method: "POST",
  idempotent: true,
  page: "/factors",
  permit: toEnroll,
  async handle(call): Promise<Answered> {
    const { req, who, fields } = call;
    const { enrollments } = enrolledOf(call);
    const method = methodIn(fields);
    if (!method) {
      return refused("invalid_request", { detail: `"method" must be one of ${enrollments.offered.join(", ")}.` });
    }
    who.proof.anchor?.(req);
    const [to, name] = [word(fields, "to"), word(fields, "name")];
    const language = req.headers["accept-language"];
    const started = await enrollments.start(askerOf(call), { method, to, name, language, ip: addressOf(req) });
    if (!started.ok) {
      const onward = async (): Promise<void> =>
        showAgain(
          call,
          started,
          isSent(method) ? { step: "address", method, ...(to === undefined ? {} : { to }) } : await listPage(call),
        );
      return { ...refused(started.reason, started.details), onward };
    }
    const enrollment = publicEnrollment(started, method);
    const onward = async (): Promise<void> => show(call, 201, await setUpPage(call, enrollment));
    return { ok: true, status: 201, body: { ...enrollment }, onward };
  },
};

async function setUpPage({ kit }: Call, { expiresAt, ...rest }: Enrollment): Promise<PageFactors> {
  const digits = kit.methods.find(({ name }) => name === rest.method)?.digits ?? 6;
  const qr = rest.uri === undefined ? {} : { qr: await qrOf(rest.uri) };
  return { step: "confirm", setup: { ...rest, ...qr, expiresAt: expiresAt.toISOString(), digits } };
}
