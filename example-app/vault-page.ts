import type { Response } from "express";
import type { RequestTwoFactor } from "require2fa";
import { html, icon, sendPage } from "./layout.js";
import type { User } from "./users.js";

const NAMES: Readonly<Record<string, string>> = {
  totp: "authenticator app",
  sms: "text message",
  email: "email",
};

type Proof = Pick<RequestTwoFactor, "methods" | "expiresAt">;

/** Behind the guard: whoever reads this has proved a second factor, and the request says which and for how long. */
export function showVault(res: Response, user: User, { methods, expiresAt }: Proof): void {
  const until = expiresAt?.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const body = html`<div class="stack narrow">
    <h1>Your vault</h1>
    <p class="note">
      Confirmed by ${methods.map((method) => NAMES[method] ?? method).join(" and ")}${until && `, until ${until}`}.
    </p>
    <section class="card" aria-labelledby="inside">
      <h2 id="inside" class="card-title">${icon("box")}What you keep here</h2>
      <ul class="rows" role="list">
        ${user.vault.map((thing) => html`<li>${thing}</li>`)}
      </ul>
    </section>
    <p><a class="button quiet" href="/">Back to your account</a></p>
  </div>`;
  sendPage(res, { title: "Your vault", user, body });
}
