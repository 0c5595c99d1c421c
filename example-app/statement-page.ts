import type { Response } from "express";
import { history } from "./home-page.js";
import { html, sendPage } from "./layout.js";
import { type Ledger, money } from "./ledger.js";
import type { User } from "./users.js";

/** Everything that left the account, and what is left in it. */
export function showStatement(res: Response, user: User, ledger: Ledger): void {
  const body = html`<div class="stack narrow">
    <h1>Your statement</h1>
    <p class="lead">
      The balance is ${money(ledger.balanceOf(user.id))}. A device that you trust opens this page without a code, and no
      other.
    </p>
    ${history(ledger.transfersOf(user.id))}
    <p><a class="button quiet" href="/">Back to your account</a></p>
  </div>`;
  sendPage(res, { title: "Your statement", user, body });
}
