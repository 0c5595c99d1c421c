import type { Response } from "express";
import { field } from "./fields.js";
import { html, icon, type Markup, sendPage } from "./layout.js";
import { type Ledger, money, type Transfer } from "./ledger.js";
import type { User } from "./users.js";

export interface Home {
  readonly user: User;
  readonly ledger: Ledger;
  /** The transfer that was just made. */
  readonly done?: number;
  /** Why the last one was not. */
  readonly problem?: string;
  /** The form as it was filled in then. */
  readonly typed?: unknown;
}

export function showHome(res: Response, { user, ledger, done, problem, typed }: Home): void {
  const transfers = ledger.transfersOf(user.id);
  const fresh = transfers.find(({ id }) => id === done);
  const body = html`<div class="columns">
    <div class="stack">
      <section class="card hero">
        <h1>Current account</h1>
        <p class="balance">${money(ledger.balanceOf(user.id))}</p>
        <p>Good to see you, ${user.name.split(" ")[0]}.</p>
      </section>
      ${fresh && html`<p class="note" role="status">${money(fresh.cents)} went to ${fresh.payee}.</p>`}
      ${transferForm(problem, typed)}
    </div>
    <div class="stack">${vaultCard()} ${history(transfers, true)} ${securityCard()} ${appCard()}</div>
  </div>`;
  sendPage(res, { title: problem ?? "Your account", status: problem === undefined ? 200 : 400, user, body });
}

function transferForm(problem: string | undefined, typed: unknown): Markup {
  return html`<section class="card" aria-labelledby="transfer">
    <h2 id="transfer" class="card-title">${icon("transfer")}Transfer money</h2>
    <p class="fine">Every transfer is approved on its own, with a code that is good for it alone.</p>
    ${problem !== undefined && html`<p class="alert" role="alert">${problem}</p>`}
    <form method="post" action="/transfer" class="fields" autocomplete="off">
      <div class="pair">
        <div>
          <label for="amount">Amount (€)</label>
          <input
            id="amount"
            name="amount"
            inputmode="decimal"
            maxlength="12"
            required
            value="${field(typed, "amount")}"
          />
        </div>
        <div>
          <label for="payee">Payee</label>
          <input id="payee" name="payee" maxlength="100" required value="${field(typed, "payee")}" />
        </div>
      </div>
      <button type="submit">Transfer</button>
    </form>
  </section>`;
}

function vaultCard(): Markup {
  return html`<section class="card" aria-labelledby="vault">
    <h2 id="vault" class="card-title">${icon("lock")}Your vault</h2>
    <p class="lead">It opens for 15 minutes once you have confirmed that it is you.</p>
    <a class="button" href="/vault">Open the vault</a>
  </section>`;
}

function securityCard(): Markup {
  return html`<section class="card" aria-labelledby="security">
    <h2 id="security" class="card-title">${icon("key")}Security</h2>
    <p class="lead">Your authenticator app, passkeys, recovery codes and trusted devices.</p>
    <a class="button quiet" href="/2fa/factors">Security settings</a>
  </section>`;
}

function appCard(): Markup {
  return html`<section class="card" aria-labelledby="app">
    <h2 id="app" class="card-title">${icon("window")}The same without leaving the page</h2>
    <p class="lead">A single page that asks for the code in a dialog, and then goes on by itself.</p>
    <a class="button quiet" href="/app">Open the app</a>
  </section>`;
}

/** What was sent to whom. */
export function history(transfers: readonly Transfer[], more = false): Markup {
  const rows = transfers.map(
    ({ cents, payee, at }) =>
      html`<li>
        <span class="name">${payee}</span> <span class="amount">−${money(cents)}</span>
        <time class="when" datetime="${at.toISOString()}">${when(at)}</time>
      </li>`,
  );
  return html`<section class="card" aria-labelledby="history">
    <h2 id="history" class="card-title">${icon("list")}Transfers</h2>
    ${
      rows.length === 0
        ? html`<p class="lead">None yet.</p>`
        : html`<ul class="rows" role="list">
            ${rows}
          </ul>`
    }
    ${more && html`<a class="button quiet" href="/statement">Open the statement</a>`}
  </section>`;
}

function when(at: Date): string {
  return at.toLocaleString("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
}
